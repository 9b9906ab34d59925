"""What an index is written of: vectors that it has already, and items to be embedded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmssl.evaluation.probes.features import Embedder
from mmssl.files import atomic_write
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.readable import scan_for
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.fingerprint import fingerprint
from mmssl.pipelines.sources.scan import check_skip_ratio
from mmssl.search import approximate
from mmssl.search.items import Item
from mmssl.search.stored import new_vectors, write_items, write_manifest
from mmssl.search.vectors import blocks, unit


@dataclass(frozen=True)
class Kept:
    """Rows of an index that are copied.

    Attributes:
        items: list of M Item.
        vectors: float32 (N, D), those of the index.
        rows: int64 (M,), the rows of `items`.
    """

    items: list[Item]
    vectors: np.ndarray
    rows: np.ndarray

    def fill(self, out):
        """Writes the vectors to float32 (M, D)."""
        for block in blocks(out):
            out[block] = self.vectors[self.rows[block]]


@dataclass(frozen=True)
class Fresh:
    """Items to embed.

    Attributes:
        items: list of M Item.
        source: Source of the same items.
        data: Pipeline that reads them.
        embedder: Embedder.
        progress: None or function (items done, M).
    """

    items: list[Item]
    source: Source
    data: Pipeline
    embedder: Embedder
    progress: Callable | None

    def fill(self, out):
        """Writes the vectors to float32 (M, D).

        Raises:
            ValueError: the encoder's vector of an item is not finite.
        """
        done = 0
        for numbers, embedded in self.embedder.numbered(self.data, self.source):
            found = embedded["embedding"]
            wrong = numbers[~np.isfinite(found).all(axis=1)]
            if len(wrong):
                name = self.items[wrong[0]].name
                raise ValueError(f"the encoder's vector of {name} is not finite.")
            out[numbers] = unit(found)
            done += len(numbers)
            if self.progress is not None:
                self.progress(done, len(self.items))


def readable_items(given, items, numbers, data, embedder, progress=None):
    """Reads some items of a source once, to leave out those that cannot be decoded.

    Args:
        given: Source.
        items: list of Item, one for each of the source.
        numbers: list of ints, the positions of those to embed.
        data: Pipeline.
        embedder: see `Fresh`.
        progress: see `Fresh`.

    Returns:
        Fresh.

    Raises:
        ValueError: more of all the items of the source cannot be decoded than `skip_ratio` allows.
    """
    chosen = given.select(numbers)
    found = scan_for(data, chosen, fingerprint(chosen))
    check_skip_ratio(found.skipped, len(given), data.skip_ratio)
    good = [items[numbers[i]] for i in found.good]
    return Fresh(good, chosen.select(found.good), data, embedder, progress)


def write_index(path, manifest, parts):
    """Writes an index folder beside its place, and moves it there once it is whole.

    Args:
        path: pathlib.Path.
        manifest: dict of JSON values, without what follows from the items.
        parts: list of Kept and Fresh.
    """
    parts = [part for part in parts if part.items]
    items = [item for part in parts for item in part.items]
    with atomic_write(path) as beside:
        beside.mkdir()
        with new_vectors(beside, (len(items), manifest["dimension"])) as vectors:
            begin = 0
            for part in parts:
                part.fill(vectors[begin : begin + len(part.items)])
                begin += len(part.items)
        wanted = approximate.is_wanted(len(items))
        measured = approximate.build(vectors, beside) if wanted else None
        sources = sorted({item.place for item in items})
        write_items(beside, items)
        found = {"items": len(items), "sources": sources, "approximate": measured}
        write_manifest(beside, {**manifest, **found})
