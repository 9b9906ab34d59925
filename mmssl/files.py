"""Atomic writes: to a temporary folder next to the destination, then moved into place."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

TEMPORARY_PREFIX = ".beside-"  # of folders that a killed process may leave behind


@contextlib.contextmanager
def atomic_write(path):
    """Yields a temporary path; what the block writes there replaces `path` when it ends.

    Until then anything already at `path` stays intact, and after an error it is kept. The new
    content is flushed to disk before it becomes visible, so a power failure leaves either the old
    version or the new one. Other files that the block writes to the same folder are removed.

    Args:
        path: destination of the file or folder; parent folders are created.

    Yields:
        pathlib.Path with the name of `path`, in a hidden folder next to it.

    Raises:
        FileNotFoundError: the block wrote nothing to the temporary path.
        OSError: the disk is full; the message names `path` and what stays of it.
    """
    path = Path(path)
    with naming_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Next to `path`, not in /tmp: a move is atomic only within one file system. A folder, since
        # writers look at the file name; hidden, since the scan of a source skips hidden entries.
        workspace = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=path.parent))
        try:
            beside = workspace / path.name
            yield beside
            for entry in (beside, *beside.rglob("*")):
                _flush(entry)
            _move(beside, path, workspace)
            _flush(path.parent)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)


@contextlib.contextmanager
def naming_full_disk(path):
    """Says which file a full disk has no space for, and what stays of it.

    Args:
        path: pathlib.Path of the file or folder that the block writes.

    Raises:
        OSError: the block ran out of space.
    """
    try:
        yield
    except Exception as error:
        reason = _full(error)
        if reason is None:
            raise
        kept = "what was there before is whole" if path.exists() else "nothing is left of it"
        raise OSError(
            f"{path} cannot be written: {reason}; {kept}. Free some space and try again."
        ) from None


def write_text(path, text):
    """Writes a UTF-8 text file atomically, without translating line endings.

    Args:
        path: file to write.
        text: str, the whole content.
    """
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="")


def _full(error):
    """Returns the words for a full disk, which TensorFlow and HDF5 put into other errors."""
    words = {number: os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)}
    found = [word for word in words.values() if word in str(error)]
    return words.get(getattr(error, "errno", None), found[0] if found else None)


def _move(beside, path, workspace):
    if not path.is_dir():
        os.replace(beside, path)
        return
    # A non-empty folder cannot be replaced in one step.
    old = workspace / f"{path.name}.old"
    os.replace(path, old)
    try:
        os.replace(beside, path)
    except OSError:
        os.replace(old, path)
        raise


def _flush(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
