"""Parquet files and NumPy arrays of data, read a chunk of rows at a time."""

import numpy as np

from mmssl.pipelines.sources.archives import read_arrays
from mmssl.pipelines.tables.delimited import ROWS
from mmssl.reading import words_of

_SPLITS = ("train", "val", "test")


class Arrays:
    """Columns that are arrays in memory, or mapped from a file.

    Args:
        columns: dict from the name of a column to an array (N,) of numbers, bools, str or dates.
        name: what messages call it.

    Attributes:
        columns: list of str.

    Raises:
        ValueError: there is no column, lengths differ, or an array holds something else.
    """

    def __init__(self, columns, name="the source"):
        self.columns, self._arrays = list(columns), dict(columns)
        if not self.columns:
            raise ValueError(f"{name} has no columns")
        for column, array in self._arrays.items():
            self._arrays[column] = array = np.asarray(array)
            if array.ndim != 1 or array.dtype.kind not in "iufbUSMO":
                raise ValueError(
                    f"the column {column!r} of {name} has shape {array.shape} and type "
                    f"{array.dtype}: expected one axis of numbers, bools, str or dates"
                )
        lengths = {column: len(array) for column, array in self._arrays.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of {name} differ in their length: {lengths}")
        self._rows = next(iter(lengths.values()))

    def chunks(self):
        """Reads the rows, see `Delimited.chunks`; rows are named "row 0" and so on."""
        for begin in range(0, self._rows, ROWS):
            end = min(begin + ROWS, self._rows)
            columns = [_cells(self._arrays[name][begin:end]) for name in self.columns]
            yield [f"row {i}" for i in range(begin, end)], columns, []

    @classmethod
    def of(cls, data, name="the source"):
        """Takes an array (N, columns), a structured array (N,), or a dict of columns.

        Raises:
            ValueError: it is something else.
        """
        if isinstance(data, dict):
            return cls(data, name)
        if data.dtype.names:
            return cls({column: data[column] for column in data.dtype.names}, name)
        if data.ndim != 2 or data.dtype.kind not in "iufbU":
            raise ValueError(
                f"{name} has shape {data.shape} and type {data.dtype}: expected (rows, columns) of "
                "numbers or str, a structured array, or an array for each column"
            )
        return cls({f"column {i}": data[:, i] for i in range(data.shape[1])}, name)

    @classmethod
    def read(cls, path):
        """Reads a `.npy`, or a `.npz` of x and y, of x_train, y_train, x_test, or of columns."""
        if path.suffix.lower() == ".npz":
            return cls(_of_archive(read_arrays(path), path), path)
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # what a damaged header raises is without number
            told = words_of(error)
            raise ValueError(f"{path} cannot be read as a NumPy array: {told}") from None
        return cls.of(array, path)


class Parquet:
    """A Parquet file. Columns of lists, structures and bytes are left out.

    Args:
        path: pathlib.Path.

    Attributes:
        columns: list of str.
        left_out: dict from the name of a column that is left out to the reason.

    Raises:
        ImportError: pyarrow is not installed.
        ValueError: it is no Parquet file, or a damaged one.
    """

    def __init__(self, path):
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise ImportError(f"{path} is read with pyarrow: pip install 'mmssl[tables]'") from None
        self.path, self._error = path, (pyarrow.ArrowException, OSError)
        self._types = pyarrow.types
        try:
            schema = pyarrow.parquet.read_schema(path)
        except self._error as error:
            raise self._refusal(error) from None
        kinds = {field.name: field.type for field in schema}
        if len(kinds) < len(schema.names):
            raise ValueError(f"{path} has more than one column of a name")
        self.left_out = {
            name: f"of {kind}" for name, kind in kinds.items() if not self._is_read(kind)
        }
        self.columns = [name for name in kinds if name not in self.left_out]

    def chunks(self):
        """Reads the rows, see `Delimited.chunks`; rows are named "row 0" and so on."""
        import pyarrow.parquet

        done = 0
        try:
            with pyarrow.parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(ROWS, columns=self.columns):
                    columns = [self._column(batch.column(name)) for name in self.columns]
                    yield [f"row {done + i}" for i in range(batch.num_rows)], columns, []
                    done += batch.num_rows
        except self._error as error:
            raise self._refusal(error) from None

    def _refusal(self, error):
        return ValueError(f"{self.path} cannot be read as Parquet: {words_of(error)}")

    def _is_read(self, kind):
        kind = kind.value_type if self._types.is_dictionary(kind) else kind
        kinds = ("integer", "floating", "boolean", "string", "large_string", "decimal", "date")
        return any(getattr(self._types, f"is_{name}")(kind) for name in (*kinds, "timestamp"))

    def _column(self, values):
        kind = values.type
        if self._types.is_decimal(kind):
            values = values.cast("float64")
        if self._types.is_integer(kind) or self._types.is_floating(kind) or values.type != kind:
            return values.to_numpy(zero_copy_only=False).astype(np.float64)
        if self._types.is_date(kind) or self._types.is_timestamp(kind):
            return values.to_numpy(zero_copy_only=False).astype("datetime64[us]")
        return ["" if value is None else str(value).strip() for value in values.to_pylist()]


def _cells(array):
    if array.dtype.kind in "iuf":
        return array.astype(np.float64)
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]")
    try:
        return [_text(value) for value in array.tolist()]
    except SystemError:  # of code points that there are not
        raise ValueError("an array of str in the source holds what is no text") from None


def _text(value):
    if value is None or value != value:  # NaN is not itself
        return ""
    data = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return data.decode("utf-8", "replace").strip()


def _of_archive(arrays, path):
    parts = [part for part in ("", *_SPLITS) if _named("x", part) in arrays]
    if any(arrays[_named("x", part)].ndim > 1 for part in parts):
        return _joined([_of_part(arrays, part, path) for part in parts])
    return arrays


def _named(name, part):
    return f"{name}_{part}" if part else name


def _of_part(arrays, part, path):
    data = arrays[_named("x", part)]
    columns = dict(Arrays.of(data, f"{_named('x', part)} of {path}")._arrays)
    if _named("y", part) in arrays:
        columns["label"] = np.ravel(arrays[_named("y", part)]).astype(str)
    return columns | ({"split": np.full(len(data), part)} if part else {})


def _joined(parts):
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}
