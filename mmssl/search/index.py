"""An index of the items of some sources by the vectors of a run's encoder."""

import textwrap
from functools import cached_property
from pathlib import Path

import numpy as np

from mmssl.evaluation.probes.features import Embedder
from mmssl.runs import Run
from mmssl.search import exact
from mmssl.search.approximate import open_approximate
from mmssl.search.checksum import checksum
from mmssl.search.duplicates import find_duplicates
from mmssl.search.items import find_item, is_gone, list_items
from mmssl.search.parts import Kept, readable_items, write_index
from mmssl.search.queries import open_queries
from mmssl.search.results import Match, Result
from mmssl.search.stored import index_path, read_index
from mmssl.search.updates import Changes, compare
from mmssl.search.vectors import unit

EXCERPT = 100  # characters of a text


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
        addition = compare(self.items, found)
        if not addition.new:
            return Changes(kept=len(found))
        fresh = readable_items(given, found, addition.new, self.run.data, self._embedder, progress)
        self._rewrite(addition.outdated, [fresh])
        return addition.changes(fresh.items)

    def remove(self, names):
        """Removes items by name.

        Args:
            names: list of str, names of items, or paths of their files.

        Returns:
            Changes.

        Raises:
            ValueError: there is no such item, several have the name, or nothing would be left.
        """
        return self._removed({find_item(self.items, name, self.path) for name in names})

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
            text = self.run.data.preview(self.items[number].open(self.run.data), 0)
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
        return open_approximate(self.path, self.vectors, self.manifest["approximate"])

    def _check_k(self, k):
        if not 1 <= k <= len(self):
            raise ValueError(f"k={k} must be between 1 and the {len(self)} items of {self.path}.")

    def _match(self, number, cosine):
        item = self.items[number]
        return Match(int(number), item.name, item.file, float(np.clip(cosine, -1, 1)))

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
    if not isinstance(source, list | tuple):
        return data.open_items(source)
    if not source:
        raise ValueError("source must name a folder, file or table; got an empty list.")
    return data.open_items(tuple(source) if len(source) > 1 else source[0])
