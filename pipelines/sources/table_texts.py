"""The texts of a table, of which none is in memory until it is asked for."""

import json
import os
import weakref
from collections.abc import Sequence


class TableTexts(Sequence):
    """The texts of a table by the places of their lines in its file.

    Args:
        path: pathlib.Path of a `.tsv` or `.jsonl` table.
        begins: int64 array (N,), the first byte of each line.
        sizes: int64 array (N,), the bytes of each line.
        column: int, the position of the column `text` in a `.tsv`; None for `.jsonl`.
    """

    def __init__(self, path, begins, sizes, column=None):
        self._path, self._begins, self._sizes, self._column = path, begins, sizes, column
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self):
        return len(self._begins)

    def __getitem__(self, at):
        """Returns the text of a row, str.

        Raises:
            ValueError: the table was written over meanwhile.
        """
        begin, size = int(self._begins[at]), int(self._sizes[at])
        try:
            line = os.pread(self._file, size, begin).decode("utf-8-sig")
            line = line.rstrip("\r\n")
            if self._column is None:
                return json.loads(line)["text"]
            return line.split("\t")[self._column]
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(f"{self._path} changed since it was opened") from error

    def encoded(self, at):
        """Returns the text of a row in UTF-8; half of a surrogate pair is invalid there."""
        return self[int(at)].encode("utf-8", "surrogatepass")

    def tolist(self):
        """Returns a list of str."""
        return list(self)

    def chosen(self, rows):
        """Returns the texts of some rows.

        Args:
            rows: bool array (N,).
        """
        return TableTexts(self._path, self._begins[rows], self._sizes[rows], self._column)
