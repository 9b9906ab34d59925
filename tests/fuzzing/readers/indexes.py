"""Readers of an index for search, and of requests to a server."""

import numpy as np

from mmssl.search.items import Item
from mmssl.search.stored import new_vectors, read_index, write_items, write_manifest
from mmssl.serving.contract import parse_predict
from mmssl.serving.errors import RefusedError
from mmssl.serving.tensors import Spec
from tests.fuzzing.reader import Reader


def write_small_index(folder):
    """Writes an index of three items."""
    items = [Item(f"{i}.png", "/photos", None, "12 34") for i in range(3)]
    write_items(folder, items)
    with new_vectors(folder, (3, 4)) as vectors:
        vectors[:] = 0.5
    about = {"run": "/runs/a", "recipe": "vision/moco", "step": None, "layer": None}
    about |= {"whiten": "auto", "encoder": "0", "metric": "cosine"}
    counted = {"items": 3, "dimension": 4, "sources": ["/photos"], "approximate": None}
    write_manifest(folder, about | counted)


def _search(folder):
    write_small_index(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def read(name, data):
        try:
            (folder / name).write_bytes(data)
            stored = read_index(folder)
            assert len(stored.items) == len(stored.vectors)
            _ = [(item.name, item.file, item.key) for item in stored.items]
        finally:
            (folder / name).write_bytes(files[name])

    return files, read


def _requests(folder):
    signatures = {
        "serving_default": {
            "images": Spec(np.dtype(np.float32), (None, 2, 3)),
            "bytes": Spec(np.dtype(object), (None,)),
        }
    }
    rows = b'{"instances": [{"images": [[1, 2, 3], [4, 5, 6]], "bytes": {"b64": "YQ=="}}]}'
    columns = b'{"inputs": {"images": [[[1, 2, 3], [4, 5, 6]]], "bytes": ["a"]}}'
    return {"rows": rows, "columns": columns}, lambda name, data: parse_predict(data, signatures)


READERS = (
    Reader("search: index", _search),
    Reader("requests: JSON", _requests, (RefusedError,)),
)
