"""Whether a batch can be divided as a run asks, and is large enough to learn from."""


def check_batch_size(method, size, replicas, parts):
    """Refuses a batch that does not divide evenly, or leaves a method nothing to compare.

    Args:
        method: Pretrainer.
        size: int, examples in a batch of all replicas.
        replicas: int.
        parts: int, parts of a batch on each replica.

    Raises:
        ValueError: it does.
    """
    if size % (replicas * parts):
        within = f", in each of which it has {parts} parts (fit.accumulate)"
        raise ValueError(
            f"data.batch_size {size} cannot be divided evenly among {replicas} "
            f"replicas{within if parts > 1 else ''}."
        )
    if size < method.min_batch_size:
        raise ValueError(
            f"{type(method).__name__} compares the examples of a batch with each other, "
            f"and data.batch_size {size} leaves nothing to compare: give {method.min_batch_size} "
            "or more."
        )
