"""Which test items a run was pretrained on."""

import os

from mmssl.pipelines.sources import Source


def count_pretrained(pipeline, data, test):
    """Counts the test items that a run was pretrained on, without their labels.

    Files are the same where their paths are, links followed; other items where their source and
    their name in it are.

    Args:
        pipeline: Pipeline of the run.
        data: LabeledData that the test items are from.
        test: Source of the test items.

    Returns:
        int; None if what the run was trained on is no longer there.
    """
    try:
        trained = pipeline.items or pipeline.open_to_train()
    except (ValueError, OSError):
        return None
    known = set(_identities(trained, pipeline.source))
    spec = data.source if data.test is None else data.test
    return sum(identity in known for identity in _identities(test, spec))


def _identities(source, spec):
    """Yields what identifies each item."""
    if source.root is not None:
        root = os.fspath(source.root)
        yield from (os.path.realpath(os.path.join(root, name)) for name in source.names)
    else:
        origin = _origin(spec)
        yield from ((origin, name) for name in source.names)


def _origin(spec):
    if isinstance(spec, Source):
        spec = spec.request.get("source", spec)
    if not isinstance(spec, str | os.PathLike):
        return id(spec)
    path = os.fspath(spec)
    return path if path.startswith("builtin:") else os.path.realpath(os.path.expanduser(path))
