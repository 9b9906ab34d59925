"""Writing beside the destination and moving into place."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

BESIDE = ".beside-"  # how the names of folders begin that a killed process may leave


@contextlib.contextmanager
def replaced(path):
    """Gives a place to write to; what was written there takes the place of `path` at the end.

    Until then what lies at `path`, if anything does, stays whole; after an error it stays for
    good. What was moved in is on the disk before it is to be seen, so that a power cut leaves the
    old or the new one. Other files that the block writes in the same folder are removed.

    Args:
        path: where the file or folder shall be in the end; parent folders are made.

    Yields:
        pathlib.Path, of the same name, in a hidden folder beside `path`.

    Raises:
        FileNotFoundError: the block wrote nothing there.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside, not in /tmp: a move is atomic only within one file system. A folder, since writers
    # look at the name, and hidden, since sources are searched without hidden ones.
    workshop = Path(tempfile.mkdtemp(prefix=BESIDE, dir=path.parent))
    try:
        beside = workshop / path.name
        yield beside
        for written in (beside, *beside.rglob("*")):
            _to_disk(written)
        _move(beside, path, workshop)
        _to_disk(path.parent)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def write_text(path, text):
    """Writes a text file of UTF-8 as `replaced` does, line ends as they are.

    Args:
        path: file to write.
        text: str, all of it.
    """
    with replaced(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="")


def _move(beside, path, workshop):
    if not path.is_dir():
        os.replace(beside, path)
        return
    # A folder that is not empty cannot be replaced in one step.
    old = workshop / f"{path.name}.old"
    os.replace(path, old)
    try:
        os.replace(beside, path)
    except OSError:
        os.replace(old, path)
        raise


def _to_disk(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
