"""Writing beside the destination and moving into place."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


@contextlib.contextmanager
def placed(path):
    """Gives a path to write to, and moves what was written to `path` when the block succeeds.

    Until then nothing is to be seen at `path`, and what lay there stays whole. It works for a
    file and for a folder.

    Args:
        path: Where the file or folder shall be in the end. Missing parent folders are made.

    Yields:
        `pathlib.Path` of the same name in a temporary folder beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside, not in /tmp: a rename is atomic only within one file system.
    workshop = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        written = workshop / path.name
        yield written
        _replace(written, path, workshop / "replaced")
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _replace(new, path, aside):
    if not path.is_dir():
        os.replace(new, path)
        return
    # A folder that is not empty cannot be replaced in one step.
    os.replace(path, aside)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(aside, path)
        raise
