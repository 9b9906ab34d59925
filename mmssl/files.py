"""Atomic writes: to a temporary folder next to the destination, then moved into place."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

TEMPORARY_PREFIX = ".beside-"  # of folders that a killed process may leave behind
LOCK = ".lock"  # in such a folder; held by its writer, so that others know that it is alive
ABANDONED_SECONDS = 86_400  # after which what another machine writes to a shared disk is given up
_NEW_LOCK = f"{LOCK}.new"  # before it is held
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")  # with two slashes, of which Path keeps one
_OLD = ".old"  # suffix of a folder that is being replaced


def check_local(path):
    """Raises a ValueError where a path is one of a remote file system, such as "gs://bucket/x"."""
    if _REMOTE.match(os.fspath(path)):
        raise ValueError(
            f"{path} lies on a remote file system, where only prepared shards, other TFRecord "
            "shards and tables of labels are read, and shards written: give a path of this machine"
        )


@contextlib.contextmanager
def atomic_write(path):
    """Yields a temporary path; what the block writes there replaces `path` when it ends.

    Until then anything already at `path` stays intact, and after an error it is kept. The new
    content is flushed to disk before it becomes visible, so a power failure leaves either the old
    version or the new one. Other files that the block writes to the same folder are removed.

    A folder is replaced in two moves, and a process killed between them leaves nothing at `path`:
    readers of such a folder call `recover` first. What killed processes have left in the parent
    folder is removed after each writing.

    Args:
        path: destination of the file or folder; parent folders are created.

    Yields:
        pathlib.Path with the name of `path`, in a hidden folder next to it.

    Raises:
        FileNotFoundError: the block wrote nothing to the temporary path.
        OSError: the disk is full; the message names `path` and what stays of it.
        ValueError: the path is of a remote file system.
    """
    check_local(path)
    path = Path(path)
    with naming_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _workspace(path.parent) as workspace:
            beside = workspace / path.name
            yield beside
            for entry in (beside, *beside.rglob("*")):
                _flush(entry)
            _move(beside, path, workspace)
            _flush(path.parent)
    sweep(path.parent)


def recover(path):
    """Puts a folder in its place that a process was killed in the middle of replacing.

    Where another process is in the middle of it just now, this waits until that is done.

    Args:
        path: pathlib.Path of a folder that `atomic_write` may have replaced.
    """
    if path.exists():
        return
    for workspace in path.parent.glob(f"{TEMPORARY_PREFIX}*"):
        if (workspace / f"{path.name}{_OLD}").exists():
            with contextlib.suppress(FileNotFoundError):  # its process is done by now
                _end(workspace, fcntl.LOCK_EX)


def sweep(folder):
    """Ends what killed processes have begun to write: what was complete is kept, the rest removed.

    Args:
        folder: pathlib.Path of the folder that they wrote to; what other processes are writing
            to it stays, and what another machine was writing for a day.
    """
    for workspace in folder.glob(f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError):  # its process lives, or it belongs to somebody else
            if not (workspace / LOCK).exists():
                (workspace / _NEW_LOCK).unlink(missing_ok=True)
                workspace.rmdir()  # its process ended before it wrote, or begins anew
            elif _is_of_here(workspace) or _age(workspace) > ABANDONED_SECONDS:
                _end(workspace, fcntl.LOCK_EX | fcntl.LOCK_NB)


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


def reserve(path):
    """Gives a file that is written through a memory map its whole space now.

    Where such a file is sparse and the disk turns out to be full, the process is killed (SIGBUS).

    Args:
        path: pathlib.Path of the file, which has its final size.

    Raises:
        OSError: there is not enough space.
    """
    with open(path, "r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # of a disk that cannot
                raise


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


@contextlib.contextmanager
def _workspace(folder):
    """Yields a new folder that is removed in the end, and that `sweep` leaves alone till then."""
    # Next to what is written, not in /tmp: a move is atomic only within one file system. A folder,
    # since writers look at the file name; hidden, since the scan of a source skips hidden entries.
    workspace, lock = _begin(folder)
    try:
        with lock:
            yield workspace
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _begin(folder):
    """Returns a new folder and its open, locked file; tries again where a `sweep` came between."""
    while True:
        workspace = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder))
        try:
            return workspace, _locked(workspace)
        except FileNotFoundError:
            shutil.rmtree(workspace, ignore_errors=True)
        except BaseException:
            shutil.rmtree(workspace, ignore_errors=True)
            raise


def _locked(workspace):
    lock = open(workspace / _NEW_LOCK, "w")  # noqa: SIM115 - as long as the workspace
    try:
        with contextlib.suppress(OSError):  # a file system without locks, where none sweeps
            fcntl.flock(lock, fcntl.LOCK_EX)
        print(os.uname().nodename, file=lock, flush=True)  # others may not see the lock
        # Under its name only once it is held, lest a sweep come between.
        os.rename(lock.name, workspace / LOCK)
    except BaseException:
        lock.close()
        raise
    return lock


def _is_of_here(workspace):
    return (workspace / LOCK).read_text(encoding="utf-8").strip() in (os.uname().nodename, "")


def _age(workspace):
    return time.time() - workspace.stat().st_mtime


def _end(workspace, operation):
    """Ends what a process has begun in a workspace, which it no longer locks."""
    with open(workspace / LOCK, "r+") as lock:
        fcntl.flock(lock, operation)
        for old in workspace.glob(f"*{_OLD}"):
            name = old.name.removesuffix(_OLD)
            if (workspace / name).exists() and not (workspace.parent / name).exists():
                os.replace(workspace / name, workspace.parent / name)
        shutil.rmtree(workspace, ignore_errors=True)


def _move(beside, path, workspace):
    if not path.is_dir():
        os.replace(beside, path)
        return
    # A folder that holds something cannot be replaced in one step.
    old = workspace / f"{path.name}{_OLD}"
    try:
        os.replace(path, old)
        os.replace(beside, path)
    except BaseException:  # Ctrl-C, too: both lie in the workspace, which is about to be removed
        if not path.exists():
            os.replace(old, path)
        raise


def _flush(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
