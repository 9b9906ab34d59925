"""Pairs that can be read by index: the halves of each, with its name, labels and other columns."""

from dataclasses import dataclass, field, fields

import numpy as np

from mmssl.pipelines.sources.arrays import array_reader, host
from mmssl.pipelines.sources.source import Source


@dataclass(eq=False)
class Half:
    """One side of all pairs: for each pair one item, or several of which one is drawn.

    Attributes:
        source: Source of M items, each there once: equal halves of several pairs are one item.
        items: int64 array (A,), the items of all pairs, those of one pair one after the other.
        ends: int64 array (N,), where those of each pair end in `items`.
    """

    source: Source
    items: np.ndarray
    ends: np.ndarray

    @classmethod
    def grouped(cls, source, lists):
        """Builds a half from the items of each pair.

        Args:
            source: see `Half`.
            lists: list (N,) of lists of int, at least one each.
        """
        counts = np.array([len(items) for items in lists], np.int64)
        return cls(source, np.concatenate(lists).astype(np.int64), np.cumsum(counts))

    @classmethod
    def single(cls, source):
        """Builds a half whose pairs have an item each, in order."""
        count = len(source)
        return cls(source, np.arange(count), np.arange(1, count + 1))

    @classmethod
    def of_texts(cls, lists, files=()):
        """Builds a half of texts in memory, of which equal ones are one item.

        Args:
            lists: list (N,) of lists of str, the texts of each pair, at least one each.
            files: paths of the files that hold them; none if they were given in memory.
        """
        numbers = {}
        lists = [[numbers.setdefault(text, len(numbers)) for text in texts] for texts in lists]
        texts = list(numbers)
        names = [f"text {number}: {text[:40]}" for number, text in enumerate(texts, start=1)]
        source = Source(names, array_reader(texts), content=texts, files=tuple(files))
        return cls.grouped(source, lists)

    @property
    def begins(self):
        """Where the items of each pair begin in `items`, int64 (N,)."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def of_pairs(self):
        """Returns the pair that each of `items` belongs to, int64 (A,)."""
        return np.repeat(np.arange(len(self.ends)), self.ends - self.begins)

    def select(self, indices):
        """Returns the half of some pairs, without items that none of them has.

        Args:
            indices: int64 array (K,), the pairs.
        """
        begins, counts = self.begins[indices], (self.ends - self.begins)[indices]
        ends = np.cumsum(counts)
        places = np.arange(counts.sum()) + np.repeat(begins - (ends - counts), counts)
        used, items = np.unique(self.items[places], return_inverse=True)
        source = self.source if len(used) == len(self.source) else self.source.select(used)
        return Half(source, items.astype(np.int64), ends)


@dataclass(eq=False)
class PairedSource(Source):
    """A Source of pairs; what is read of one is its half on the first side, the first of several.

    Attributes:
        halves: dict from the name of a side to its Half, the first side first.
    """

    halves: dict[str, Half] = field(default_factory=dict)

    @classmethod
    def of(cls, halves, names, columns=None, **about):
        """Joins halves.

        Args:
            halves: see `PairedSource`; all of N pairs.
            names: list (N,) of str.
            columns: dict from a name to an array (N,) of str; `label` and `split` are those of the
                pairs.
            **about: other attributes, see `Source`.
        """
        first, columns = next(iter(halves.values())), columns or {}
        taken = host(first.items[first.begins])
        return cls(
            names,
            lambda index: first.source.read(taken[index]),
            reread=lambda index: first.source.reread(taken[index]),
            columns=columns,
            labels=columns.get("label"),
            splits=columns.get("split"),
            halves=halves,
            **{"sample_rate": first.source.sample_rate, **about},
        )

    def select(self, indices):
        """Returns a view of a subset of the pairs, in the order given; see `Source.select`."""
        indices = np.asarray(indices)
        indices = np.flatnonzero(indices) if indices.dtype == bool else indices.astype(np.int64)
        indices = indices.reshape(-1)
        chosen = super().select(indices)
        about = {part.name: getattr(chosen, part.name) for part in fields(Source)}
        halves = {name: half.select(indices) for name, half in self.halves.items()}
        return PairedSource(**about, halves=halves)
