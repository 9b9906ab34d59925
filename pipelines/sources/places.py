"""Files and folders of this machine and of remote file systems, such as gs:// and s3://."""

import contextlib
import importlib
import os
import shutil
import stat
import uuid
import zlib
from pathlib import Path

from mmssl.files import TEMPORARY_PREFIX, atomic_write

_CHUNK = 2**22  # bytes read together


def is_remote(path):
    """Returns whether a path is one of a remote file system, such as "gs://bucket/shards"."""
    return "://" in os.fspath(path)


def inside(folder, name):
    """Returns the path of an entry of a folder: str where it is remote, else a pathlib.Path."""
    if is_remote(folder):
        return f"{os.fspath(folder).rstrip('/')}/{name}"
    return Path(folder) / name


def exists(path):
    """Returns whether there is a file or folder."""
    return _gfile(path).exists(path) if is_remote(path) else os.path.exists(path)


def is_folder(path):
    """Returns whether a path is a folder."""
    return _gfile(path).isdir(path) if is_remote(path) else os.path.isdir(path)


def names_in(folder):
    """Returns the sorted names of the entries of a folder; none where there is no folder."""
    if not is_folder(folder):
        return []
    found = _gfile(folder).listdir(folder) if is_remote(folder) else os.listdir(folder)
    return sorted(name.rstrip("/") for name in found)


def size_of(path):
    """Returns the bytes of a file, or None where there is no such file."""
    if is_remote(path):
        found = _remote_stat(path)
        return None if isinstance(found, str) else found.length
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def stamp_of(path):
    """Returns the size and time of change of a file, or why they are not known, as a str.

    Those of a folder of frames are the sum and the latest of its files.
    """
    if is_remote(path):
        found = _remote_stat(path)
        return found if isinstance(found, str) else f"{found.length} {found.mtime_nsec}"
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            inside = [os.stat(entry) for entry in os.scandir(path) if entry.is_file()]
            latest = max((one.st_mtime_ns for one in inside), default=0)
            return f"{sum(one.st_size for one in inside)} {latest}"
    except OSError as error:
        return str(error.strerror)
    allowed = "" if os.access(path, os.R_OK) else " not readable"
    return f"{found.st_size} {found.st_mtime_ns}{allowed}"


def opened(path):
    """Opens a file to read bytes anywhere in it, no more than are asked for."""
    return _gfile(path).GFile(path, "rb") if is_remote(path) else open(path, "rb", buffering=0)


def read_bytes(path):
    """Returns the content of a file."""
    return b"".join(chunks(path))


def chunks(path):
    """Yields the content of a file in pieces."""
    with opened(path) as file:
        while piece := file.read(_CHUNK):
            yield piece


def checksum_of(path):
    """Returns the bytes of a file, and its CRC-32 in hexadecimal digits."""
    size = checksum = 0
    for piece in chunks(path):
        size, checksum = size + len(piece), zlib.crc32(piece, checksum)
    return size, f"{checksum:08x}"


def is_whole(path, size, checksum):
    """Returns whether a file is there with this size and this CRC-32."""
    return size_of(path) == size and checksum_of(path) == (size, checksum)


@contextlib.contextmanager
def written_beside(path):
    """Yields where to write a file, which replaces `path` when the block ends; see `atomic_write`.

    Args:
        path: of a file. On a remote file system, the object is written under another name beside
            it, and renamed.

    Yields:
        pathlib.Path, or str where it is remote.
    """
    if not is_remote(path):
        with atomic_write(path) as beside:
            yield beside
        return
    folder, _, name = path.rpartition("/")
    beside = f"{folder}/{TEMPORARY_PREFIX}{uuid.uuid4().hex[:8]}-{name}"
    files = _gfile(path)
    files.makedirs(folder)
    try:
        yield beside
        files.rename(beside, path, overwrite=True)
    finally:
        if files.exists(beside):
            files.remove(beside)


def write_bytes(path, content):
    """Writes a file atomically."""
    with written_beside(path) as beside:
        if is_remote(path):
            with _gfile(beside).GFile(beside, "wb") as file:
                file.write(bytes(content))
        else:
            beside.write_bytes(content)


def remove_folder(folder):
    """Removes a folder with all that is in it, if it is there."""
    if not is_remote(folder):
        shutil.rmtree(folder, ignore_errors=True)
    elif exists(folder):
        _gfile(folder).rmtree(folder)


def _gfile(path):
    """Returns TensorFlow's file systems, once they have that of a path.

    Raises:
        ValueError: there is none; the message says what helps.
    """
    import tensorflow as tf

    scheme = os.fspath(path).partition("://")[0]
    if scheme not in tf.io.gfile.get_registered_schemes():
        with contextlib.suppress(ImportError):
            importlib.import_module("tensorflow_io")  # which registers s3:// and others
    if scheme not in tf.io.gfile.get_registered_schemes():
        raise ValueError(
            f"{path} cannot be reached: this TensorFlow has no file system for {scheme}://; "
            "install tensorflow-io, in a version for this TensorFlow, or mount it and give the "
            "folder"
        )
    return tf.io.gfile


def _remote_stat(path):
    """Returns what a remote file system says of a file, or why it says nothing, a str."""
    import tensorflow as tf

    try:
        return _gfile(path).stat(path)
    except tf.errors.OpError as error:
        return str(error.message)
