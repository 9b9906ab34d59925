"""An index of the items of some sources by the vectors of a run's encoder."""

import logging
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mmssl.evaluation.probes.features import Embedder
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.tables import listed
from mmssl.runs import Run
from mmssl.search import approximate, exact
from mmssl.search.checksum import checksum
from mmssl.search.duplicates import find_duplicates
from mmssl.search.items import find_items, is_gone, list_items
from mmssl.search.parts import Kept, readable_items, write_index
from mmssl.search.queries import Query, open_queries
from mmssl.search.stored import index_path, read_index, unit

EXCERPT = 100  # characters of a text
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Match:
    """An item that was found.

    Attributes:
        number: int, its position in the index.
        name: its name in the index.
        file: absolute path of its file; None where it is a row of a table or archive.
        cosine: float, -1 to 1, of its vector and that of the query, or of the nearest duplicate.
    """

    number: int
    name: str
    file: str | None
    cosine: float

    def as_dict(self):
        """Returns name, file and cosine, a dict of JSON values."""
        return {"name": self.name, "file": self.file, "cosine": round(self.cosine, 6)}


@dataclass(frozen=True)
class Result:
    """What was found for a query.

    Attributes:
        query: Query.
        matches: list of Match, the nearest first.
    """

    query: Query
    matches: list[Match]


@dataclass(frozen=True)
class Changes:
    """What an update did to an index.

    Attributes:
        added: number of items that are new in it.
        changed: number of items that were embedded again, as their files have changed.
        kept: number of items given that were in it and have not changed.
        removed: number of items that are no longer in it.
    """

    added: int = 0
    changed: int = 0
    kept: int = 0
    removed: int = 0


class Index:
    """An index of items by their embeddings, in a folder; made by `build`, opened by `open`.

    Attributes:
        path: pathlib.Path of the folder.
        manifest: dict of JSON values: what the index was made by, and the recall of approximate
            search where it has that.
        items: list of N Item, in the order of the vectors.
        vectors: float32 memmap (N, D), of length 1 each.
    """

    def __init__(self, path, run=None, trust=()):
        self.path, self._given, self._trust = Path(path), run, tuple(trust)
        self._read()

    @classmethod
    def build(cls, run, source, out, layer=None, progress=None, whiten="auto"):
        """Embeds every item of a source, and writes an index of them.

        Args:
            run: Run, or path of a run folder.
            source: folder, glob, file, table, archive or `builtin:NAME` that the run's pipeline
                reads, or a list of paths of files and folders.
            out: path of the index, a folder; nothing may be there yet.
            layer: block whose pooled output is the embedding; None for the encoder's own embedding.
            progress: None or function (items done, items to embed).
            whiten: whether vectors are whitened, see `Run.deployed_encoder`.

        Returns:
            Index.

        Raises:
            ValueError: `out` exists, there is nothing to read, more items cannot be decoded than
                the recipe's `skip_ratio` allows, or the run cannot be whitened.
        """
        path = index_path(out)
        run = run if isinstance(run, Run) else Run.load(run)
        encoder = run.deployed_encoder(layer, whiten)
        embedder = Embedder(encoder)
        manifest = {
            "run": str(Path(run.folder).resolve()),
            "recipe": run.recipe,
            "step": run.kept,
            "layer": layer,
            "whiten": whiten,
            "encoder": checksum(encoder),
            "dimension": embedder.width,
            "metric": "cosine",
        }
        given = _open(source, run.data)
        every = range(len(given))
        fresh = readable_items(given, list_items(given), every, run.data, embedder, progress)
        write_index(path, manifest, [fresh])
        return cls(path, run)

    @classmethod
    def open(cls, path, run=None, trust=()):
        """Opens an index.

        Args:
            path: its folder.
            run: Run, or path of its folder, where it no longer lies where it did; None for there.
            trust: see `Run.load`.

        Returns:
            Index.

        Raises:
            ValueError: it is not an index, one of another format, or damaged.
        """
        return cls(path, run, trust)

    def __len__(self):
        return len(self.items)

    @cached_property
    def run(self):
        """The Run that the index was made by.

        Raises:
            ValueError: it is not there, or it has another encoder now.
        """
        place = self.manifest["run"] if self._given is None else self._given
        if not isinstance(place, Run) and not Path(place).is_dir():
            raise ValueError(
                f"{self.path} was made by the run {place}, which is not there: "
                "say with --run where it lies."
            )
        step = self.manifest["step"]
        run = place if isinstance(place, Run) else Run.load(place, self._trust, step)
        if checksum(self._encoder_of(run)) != self.manifest["encoder"]:
            raise ValueError(
                f"{self.path} was made by another encoder than that of {run.folder}, and their "
                "vectors cannot be compared: build it again, or give its own run with --run."
            )
        return run

    def add(self, source, progress=None):
        """Adds the items of a source; what is there and has not changed is not embedded again.

        A file has changed if its size or time has; a table or archive that has replaces all the
        rows that came from it. Until the new index is whole, the old one stays.

        Args:
            source: see `build`.
            progress: see `build`.

        Returns:
            Changes.

        Raises:
            ValueError: see `build` and `run`.
        """
        given = _open(source, self.run.data)
        found = list_items(given)
        there = {item.key: i for i, item in enumerate(self.items)}
        old = [there.get(item.key) for item in found]
        new = [
            i
            for i, (item, row) in enumerate(zip(found, old, strict=True))
            if row is None or self.items[row].stamp != item.stamp
        ]
        if not new:
            return Changes(kept=len(found))
        fresh = readable_items(given, found, new, self.run.data, self._embedder, progress)
        replaced = {old[i] for i in new if old[i] is not None}
        gone = self._shrunk(found)
        self._rewrite(replaced | gone, [fresh])
        again = sum(item.key in there for item in fresh.items)
        lost = len(gone) + len(replaced) - again  # changed, and no longer readable
        return Changes(len(fresh.items) - again, again, len(found) - len(new), lost)

    def remove(self, names):
        """Removes items by name.

        Args:
            names: list of str, names of items, or paths of their files.

        Returns:
            Changes.

        Raises:
            ValueError: there is no such item, several have the name, or nothing would be left.
        """
        chosen = {self._position(name) for name in names}
        return self._removed(chosen)

    def remove_gone(self):
        """Removes the items whose file, table or archive is no longer there.

        Returns:
            Changes.

        Raises:
            ValueError: nothing would be left.
        """
        return self._removed({i for i, item in enumerate(self.items) if is_gone(item)})

    def search(self, queries, k=10, every=False):
        """Finds the items that are nearest to each query.

        Args:
            queries: list of paths of files, and for a text run of texts.
            k: int, 1 to N.
            every: whether to compare every vector also where there is approximate search.

        Returns:
            list of Result.

        Raises:
            ValueError: k is out of range; a query is of another modality, or cannot be read; see
                also `run`.
        """
        self._check_k(k)
        opened = open_queries(self.run.data, queries, self.path)
        vectors = [self._embedder.source(self.run.data, one.source)["embedding"] for one in opened]
        found = self.nearest(np.concatenate(vectors), k, every)
        return [
            Result(query, [self._match(i, cosine) for i, cosine in zip(*row, strict=True)])
            for query, *row in zip(opened, *found, strict=True)
        ]

    def nearest(self, vectors, k=10, every=False):
        """Finds the rows that are nearest to each of some vectors.

        Args:
            vectors: floats (M, D), such as the encoder's embeddings.
            k: int, 1 to N.
            every: see `search`.

        Returns:
            pair of int64 (M, k), positions in `items`, and floats (M, k), the cosines, the largest
            first.

        Raises:
            ValueError: k or the shape of the vectors is out of range.
        """
        self._check_k(k)
        if np.ndim(vectors) != 2 or np.shape(vectors)[1] != self.vectors.shape[1]:
            raise ValueError(
                f"vectors must be of shape (M, {self.vectors.shape[1]}); got {np.shape(vectors)}."
            )
        if every or self._approximate is None:
            return exact.nearest(self.vectors, unit(vectors), k)
        return self._approximate.nearest(unit(vectors), k)

    def duplicates(self, threshold=0.98, progress=None):
        """Groups near duplicates; every pair of items is compared.

        Args:
            threshold: cosine from which on two items are linked, above 0, at most 1. Two of a group
                may be linked by others that lie between them.
            progress: None or function (items done, N).

        Returns:
            list of lists of Match, the largest group first; the cosine is that of the item nearest
            to it in the group.

        Raises:
            ValueError: the threshold is out of range.
        """
        groups, cosines = find_duplicates(self.vectors, threshold, progress)
        return [[self._match(i, cosines[i]) for i in group] for group in groups]

    def excerpt(self, number):
        """Returns the beginning of a text, and nothing of other items or one that is gone.

        Args:
            number: int, position of the item.

        Returns:
            str.
        """
        if ".txt" not in self.run.data.extensions:
            return ""
        try:
            text = self.run.data.preview(self.items[number].open(self.run.data.extensions), 0)
        except ValueError:
            return ""
        return textwrap.shorten(text, EXCERPT, placeholder=" …")

    @cached_property
    def _embedder(self):
        return Embedder(self._encoder_of(self.run))

    def _encoder_of(self, run):
        return run.deployed_encoder(self.manifest["layer"], self.manifest["whiten"])

    def _read(self):
        found = read_index(self.path)
        self.manifest, self.items, self.vectors = found.manifest, found.items, found.vectors
        self.__dict__.pop("_approximate", None)

    @cached_property
    def _approximate(self):
        """Approximate search, or None where every vector is compared."""
        measured = self.manifest["approximate"]
        if not approximate.is_wanted(len(self)):
            return None
        if measured is None:
            logger.warning(
                "%s was built without FAISS, and all its vectors are compared with each query: "
                "build it again to be faster.",
                self.path,
            )
            return None
        return approximate.Approximate(self.path, self.vectors, measured["searched"])

    def _check_k(self, k):
        if not 1 <= k <= len(self):
            raise ValueError(f"k={k} must be between 1 and the {len(self)} items of {self.path}.")

    def _match(self, number, cosine):
        item = self.items[number]
        return Match(int(number), item.name, item.file, float(np.clip(cosine, -1, 1)))

    def _position(self, name):
        found = find_items(self.items, name)
        if not found:
            some = listed([item.name for item in self.items], 3)
            raise ValueError(f"{self.path} has no item {name!r}; its items are {some}.")
        if len(found) > 1:
            places = listed([self.items[i].file or self.items[i].place for i in found], 3)
            raise ValueError(f"{len(found)} items of {self.path} are named {name!r}: {places}.")
        return found[0]

    def _shrunk(self, given):
        """Returns the positions of rows that a table or archive had, and no longer has."""
        rows, keys = {item.place for item in given if item.row is not None}, {i.key for i in given}
        return {
            i
            for i, item in enumerate(self.items)
            if item.row is not None and item.place in rows and item.key not in keys
        }

    def _removed(self, chosen):
        if len(chosen) == len(self):
            raise ValueError(
                f"nothing would be left of the {len(self)} items of {self.path}: delete the folder "
                "instead."
            )
        if chosen:
            self._rewrite(chosen)
        return Changes(removed=len(chosen))

    def _rewrite(self, without, more=()):
        """Writes the index anew, without some of its rows, and with more."""
        rows = np.setdiff1d(np.arange(len(self)), list(without)).astype(np.int64)
        kept = Kept([self.items[i] for i in rows], self.vectors, rows)
        write_index(self.path, self.manifest, [kept, *more])
        self._read()


def _open(source, data):
    """Opens what is to be indexed, unreadable items included."""
    several = isinstance(source, list | tuple)
    if several and not source:
        raise ValueError("source must name a folder, file or table; got an empty list.")
    spec = tuple(source) if several and len(source) > 1 else source[0] if several else source
    return open_source(spec, data.extensions)
