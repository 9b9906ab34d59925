"""The method behind a command."""


def method_of(run, kind):
    """Builds the method of a run, which must be the one that a command is for.

    Args:
        run: Run.
        kind: class of Pretrainer.

    Returns:
        kind, with the trained weights.

    Raises:
        ValueError: the run is of another method.
    """
    method = run.method()
    if not isinstance(method, kind):
        raise ValueError(
            f"{run.folder} was trained by {type(method).__name__}, not by {kind.__name__}."
        )
    return method
