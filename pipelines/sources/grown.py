"""Arrays that are made piece by piece, in memory that does not follow their length."""

import contextlib
import tempfile

import numpy as np

from mmssl.pipelines.sources.prepared import cache_folder

_IN_MEMORY = 2**25  # bytes that wait to be written


class Grown:
    """An array that grows at its end: in memory while it is small, and then in an unnamed file.

    Args:
        dtype: of the array.
    """

    def __init__(self, dtype):
        self._dtype, self._file = np.dtype(dtype), None
        self._waiting, self._bytes = [], 0

    def append(self, values):
        """Adds values, an array or list (n,), at the end."""
        values = np.asarray(values, self._dtype)
        self._waiting.append(values)
        self._bytes += values.nbytes
        if self._bytes > _IN_MEMORY:
            self._write()

    def array(self):
        """Returns all values as one array, which is mapped from the file where there is one."""
        if self._file is None:
            return np.concatenate([np.empty(0, self._dtype), *self._waiting])
        self._write()
        # Private pages, which are never written: TensorFlow takes no array that is read-only.
        return np.memmap(self._file, self._dtype, "c")

    def _write(self):
        if self._file is None:
            folder = cache_folder()
            with contextlib.suppress(OSError):  # a cache that others keep may be read-only
                folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 -- ends with the array
        for values in self._waiting:
            values.tofile(self._file)
        self._waiting, self._bytes = [], 0
