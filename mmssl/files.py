"""Atomic writes: to a temporary folder next to the destination, then moved into place."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
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
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise OSError(_unwritten(path, error)) from None
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def write_text(path, text):
    """Writes a UTF-8 text file atomically, without translating line endings.

    Args:
        path: file to write.
        text: str, the whole content.
    """
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="")


def _unwritten(path, error):
    kept = "its earlier version is whole" if path.exists() else "nothing is left of it"
    reason = os.strerror(error.errno)
    return f"{path} cannot be written: {reason}; {kept}. Free some space and try again."


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
