"""Casting and validation of the inputs of losses."""

from keras import ops


def float_rows(**named):
    """Casts embeddings to float32 and checks that their shapes match.

    Args:
        **named: tensors of one shape (B, D), by the names of the caller's arguments.

    Returns:
        list of float32 tensors, in the order of the arguments.

    Raises:
        ValueError: a tensor does not have two axes, or the shapes differ.
    """
    rows = {name: ops.cast(x, "float32") for name, x in named.items()}
    (first, expected), *others = ((name, tuple(x.shape)) for name, x in rows.items())
    for name, shape in [(first, expected), *others]:
        if len(shape) != 2:
            raise ValueError(
                f"{name} must have shape (B, D), one vector per example; got {shape}: pool or "
                "flatten other axes."
            )
        known = (pair for pair in zip(shape, expected, strict=True) if None not in pair)
        if any(own != wanted for own, wanted in known):
            raise ValueError(
                f"{first} and {name} must have the same shape, row i of one matching row i of the "
                f"other; got {expected} and {shape}."
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
        ValueError: it does not have exactly one axis with B entries.
    """
    ((name, labels),) = named.items()
    labels = ops.convert_to_tensor(labels)
    shape = tuple(labels.shape)
    if len(shape) != 1 or (None not in (rows.shape[0], shape[0]) and shape[0] != rows.shape[0]):
        raise ValueError(
            f"{name} must have shape ({rows.shape[0]},), one entry per row; got {shape}: squeeze a "
            "column with ops.squeeze(x, -1), convert one-hot rows with ops.argmax(x, -1)."
        )
    return labels


def positive_number(**named):
    """Checks that hyperparameters are positive; tensors, such as learned temperatures, pass.

    Args:
        **named: numbers or scalar tensors, by the names of the caller's arguments.

    Raises:
        ValueError: a number is not above 0.
    """
    for name, value in named.items():
        if isinstance(value, int | float) and not value > 0:
            raise ValueError(f"{name} must be above 0; got {value}.")
