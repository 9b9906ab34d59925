"""Embedding files."""

import zipfile
from pathlib import Path

import numpy as np

from mmssl.evaluation.probes.features import Embedder
from mmssl.files import atomic_write, reserve


def embed_files(run, files, out, layer=None, progress=None, whiten="auto"):
    """Writes the embeddings of files to an `.npz`, in memory that their number does not change.

    Nor does their length: see `Embedder.numbered`.

    Args:
        run: Run.
        files: list of files, folders, globs, tables or archives.
        out: `.npz` to write: `names` (N,) str and `vectors` float32 (N, D).
        layer: block whose pooled output is the embedding; None for the encoder's own embedding.
        progress: None or function (items done, total items).
        whiten: see `Run.deployed_encoder`.

    Returns:
        Pair of ints (N, D): the number of vectors and their dimension.

    Raises:
        ValueError: there is nothing to read, more files cannot be decoded than the recipe's
            `skip_ratio` allows, `out` does not end in `.npz`, or the run cannot be whitened.
    """
    out = Path(out)
    if out.suffix != ".npz":
        raise ValueError(f"--out must be an .npz file; got {out}.")
    source = run.data.open(tuple(files) if len(files) > 1 else files[0])
    embedder = Embedder(run.deployed_encoder(layer, whiten))
    with atomic_write(out) as beside:
        rows = beside.with_name("vectors.npy")
        shape = (len(source), embedder.width)
        vectors = np.lib.format.open_memmap(rows, "w+", "float32", shape)
        reserve(rows)
        done = 0
        for numbers, embedded in embedder.numbered(run.data, source):
            vectors[numbers] = embedded["embedding"]
            done += len(numbers)
            if progress is not None:
                progress(done, len(source))
        vectors.flush()
        _pack(beside, rows, np.array(source.names))
    return shape


def _pack(out, rows, names):
    with zipfile.ZipFile(out, "w") as archive:
        archive.write(rows, "vectors.npy")
        with archive.open("names.npy", "w") as file:
            np.lib.format.write_array(file, names, allow_pickle=False)
