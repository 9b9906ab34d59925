"""What losses take, cast and checked."""

from keras import ops


def float_rows(**named):
    """Casts embeddings to float32 and checks that they belong together.

    Args:
        **named: tensors of one shape (B, D), by the names of the caller's arguments.

    Returns:
        list of float32 tensors, in the order of the arguments.

    Raises:
        ValueError: one has no two axes, or they differ in shape.
    """
    rows = {name: ops.cast(x, "float32") for name, x in named.items()}
    (first, expected), *others = ((name, tuple(x.shape)) for name, x in rows.items())
    for name, shape in [(first, expected), *others]:
        if len(shape) != 2:
            raise ValueError(
                f"{name} has shape {shape}; a loss takes one vector an example, (B, D): pool or "
                "flatten what has more axes."
            )
        known = (pair for pair in zip(shape, expected, strict=True) if None not in pair)
        if any(own != wanted for own, wanted in known):
            raise ValueError(
                f"{first} has shape {expected} and {name} {shape}: row i of the one belongs to row "
                "i of the other, in as many dimensions."
            )
    return list(rows.values())


def one_per_row(rows, **named):
    """Checks that every row has one label.

    Args:
        rows: tensor (B, D).
        **named: one tensor, by the name of the caller's argument.

    Returns:
        tensor (B,), in its own dtype.

    Raises:
        ValueError: it has not one axis, or not B entries.
    """
    ((name, labels),) = named.items()
    labels = ops.convert_to_tensor(labels)
    shape = tuple(labels.shape)
    if len(shape) != 1 or (None not in (rows.shape[0], shape[0]) and shape[0] != rows.shape[0]):
        raise ValueError(
            f"{name} has shape {shape}; one entry a row is wanted, ({rows.shape[0]},): flatten a "
            "column with ops.squeeze(x, -1), turn one-hot rows into ops.argmax(x, -1)."
        )
    return labels


def positive_number(**named):
    """Checks hyperparameters; tensors, such as a learned temperature, are let through.

    Args:
        **named: numbers or scalar tensors, by the names of the caller's arguments.

    Raises:
        ValueError: a number is not above 0.
    """
    for name, value in named.items():
        if isinstance(value, int | float) and not value > 0:
            raise ValueError(f"{name} is above 0; got {value}.")
