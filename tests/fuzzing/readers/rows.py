"""Readers of tables of data: CSV, TSV, NumPy and Parquet."""

import importlib.util
import io

import numpy as np

from mmssl.pipelines.tables import Schema, TableRows
from tests.fuzzing.reader import Reader
from tests.fuzzing.readers.arrays import npy, npz

_ROWS = 24
_CSV = "\ufeffid,age,job,since,label\n" + "".join(
    f'c{i},{20 + i % 7},"a, {"xyz"[i % 3]}\n",2024-01-{i % 9 + 1:02},{i % 2}\n'
    for i in range(_ROWS)
)
_EUROPEAN = "age;job\n" + "".join(f"{i % 5};{'?xy'[i % 3]}\n" for i in range(_ROWS))
_WORDS = ('"x', "y", "z")
_TSV = "age\tjob\n" + "".join(f"{i % 5}.5\t{_WORDS[i % 3]}\n" for i in range(_ROWS))


def _data(folder):
    columns = {"x": np.arange(_ROWS) % 5.0, "word": np.array(["a", "b", ""] * 8)}
    structured = np.array(list(zip(*columns.values(), strict=True)), [("x", "f8"), ("word", "U1")])
    files = {
        "a.csv": _CSV.encode(),
        "b.csv": _EUROPEAN.encode(),
        "a.tsv": _TSV.encode(),
        "a.npy": npy(np.arange(_ROWS * 3.0).reshape(_ROWS, 3) % 5),
        "b.npy": npy(structured),
        "a.npz": npz({f"{name}.npy": npy(array) for name, array in columns.items()}),
        "b.npz": npz({"x_train.npy": npy(np.eye(9)), "x_test.npy": npy(np.eye(9))}),
    }
    if importlib.util.find_spec("pyarrow"):
        files["a.parquet"] = _parquet(columns)

    def read(name, data):
        path = folder / name
        path.write_bytes(data)
        rows = TableRows(path, batch_size=1, skip_ratio=1.0)
        source = rows.open(path)
        source.read(len(source) - 1)
        assert len(rows.cells(source, 0)) == len(rows.schema.columns)
        rows.schema.write(folder)
        assert Schema.read(folder) == rows.schema

    return files, read


def _parquet(columns):
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file, row_group_size=7)
    return file.getvalue()


READERS = (Reader("tables of data", _data),)
