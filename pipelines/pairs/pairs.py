"""Pairs, such as pictures and their captions, for pretraining and for a trained encoder."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import Shuffled
from mmssl.pipelines.opening import in_split
from mmssl.pipelines.pairs.first_side import FirstSide
from mmssl.pipelines.pairs.joining import elements, incomplete, links, prepared, scanned
from mmssl.pipelines.pairs.opening import open_pairs
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.reader import BATCH
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.sources.finding import describe
from mmssl.pipelines.sources.scan import check_skip_ratio, read_skipped, write_skipped

logger = logging.getLogger(__name__)

UNREADABLE = "cannot be read"
TOWERS = "towers"  # folder of a run with a folder for each side


class Pairs(FirstSide):
    """Pairs of two halves, each prepared by the pipeline of its side.

    A batch holds what the pipelines of both sides make of an item, under the name of the side, such
    as image_images and text_token_ids; and for each side <side>_group, int32 (B,): halves of equal
    number are the same item, such as a caption that several pictures have. Of several halves of one
    pair, or several windows of one recording, one is drawn.

    Inputs of a trained encoder are those of the first side, and so is all else that is not about
    pairs: a run of pairs is probed and embedded as its first side.

    Args:
        source: see `open_pairs`. A pair of which a half is missing or cannot be read is left out,
            counted and named.
        sides: the pipeline of each of two sides, by name, the first side first; what they say of
            sources, batches and splits is not used.
        batch_size: pairs per batch.
        columns: the column of a table that has the halves of a side, by side; see `open_table`.
        prompts: templates that turn a class, put in place of {}, into texts for zero-shot
            classification.
        **kwargs: see `Pipeline`; there is no `cache`, which each side has of its own.

    Attributes:
        first: name of the first side.

    Raises:
        ValueError: there are not two sides, or a template has no {}.
    """

    def __init__(
        self,
        source: Any,
        sides: dict[str, Pipeline],
        batch_size: int = 64,
        columns: dict[str, str] | None = None,
        prompts: tuple[str, ...] = ("{}",),
        **kwargs,
    ):
        super().__init__(source, batch_size, cache=False, **kwargs)
        if len(sides) != 2 or not all(isinstance(side, Pipeline) for side in sides.values()):
            raise ValueError(
                f"sides={', '.join(map(str, sides)) or '(none)'} must be two, each with the "
                "pipeline that prepares it"
            )
        if unknown := set(columns or {}) - set(sides):
            raise ValueError(f"columns names {', '.join(unknown)}; the sides are {list(sides)}")
        if not prompts or not all("{}" in prompt for prompt in prompts):
            raise ValueError(f"prompts={list(prompts)} must each have {{}} in place of a class")
        self.sides = dict(sides)
        self.columns = columns
        self.prompts = tuple(prompts)
        self.first = next(iter(self.sides))
        self.extensions = self._first.extensions
        self._links, self._tables = {}, {}

    @staticmethod
    def place(folder, side):
        """Returns the folder of a side in a run folder; None for none."""
        return None if folder is None else Path(folder) / TOWERS / side

    # How pairs are opened.

    def paired(self, spec):
        """Opens pairs: see `open_pairs`; a subclass may join them in another way."""
        extensions = {name: side.extensions for name, side in self.sides.items()}
        return open_pairs(spec, extensions, self.columns)

    def open_to_train(self):
        """Opens the pairs of the split; nothing is decoded."""
        source = self._described(self.source, self.labels, self.label_column, self.split_column)
        return in_split(source, self.split).first(self.limit)

    def open(self, spec, labels=None, label_column=None, split_column=None):
        """Opens pairs, without those of which a half cannot be read; see `Reader.open`."""
        source = self._described(spec, labels, label_column, split_column)
        found = {name: scanned(self.sides[name], half) for name, half in source.halves.items()}
        good, left_out = incomplete(source, found, UNREADABLE)
        check_skip_ratio(left_out, len(source), self.skip_ratio)
        return replace(source.select(good), request=source.request) if left_out else source

    def _described(self, spec, labels, label_column, split_column):
        paired = self.paired(spec)
        return open_source(paired, self.extensions, labels, label_column, split_column)

    def on(self, source):
        """Returns a copy over other pairs, learned state included; see `Pipeline.on`."""
        other = super().on(source)
        other.sides, other._links, other._tables = dict(self.sides), {}, {}
        return other

    # How they are prepared.

    def prepare(self, folder=None, progress=None, data_changed="refuse"):
        """Prepares both sides, and joins what can be read of them; see `Pipeline.prepare`."""
        if self.items is not None:
            return self
        if self.validation is not None:
            self.open(self.validation)  # an unreadable one must fail before training starts
        paired = self.open_to_train()
        for sentence in describe(paired.left_out) if paired is not self.source else ():
            logger.warning("%s", sentence)
        known = None if data_changed == "accept" else read_skipped(folder)
        found = {}
        for name, half in paired.halves.items():
            self.sides[name] = self._prepared(name, half, folder, progress, data_changed)
            found[name] = prepared(self.sides[name], half)
        _, self.skipped = incomplete(paired, found, UNREADABLE)
        check_skip_ratio(self.skipped, len(paired), self.skip_ratio)
        good = self._join(paired, found)
        self.count = int(good.sum())
        self._check_batch_size()
        self.items, self._order = paired.select(good), Shuffled(self.count)
        if folder is not None and known is None:
            write_skipped(folder, paired.left_out + self.skipped)
        return self

    def _join(self, paired, found):
        """Links the items of both sides; returns which pairs are kept, bool (N,)."""
        kept = {}
        for name, half in paired.halves.items():
            readable, told = found[name]
            kept[name] = _without(half, readable, told, self.noisy(name, half, readable))
        good, left_out = incomplete(paired, kept, "is left out")
        unreadable = {pair for pair, _ in self.skipped}
        self.skipped += [one for one in left_out if one[0] not in unreadable]
        for name, half in paired.halves.items():
            self._links[name] = links(half, found[name][0], kept[name][0], good)
            tables = (*self._links[name], *elements(self.sides[name]))
            self._tables[name] = tuple(map(host, tables))
        return good

    def noisy(self, name, half, kept):
        """Tells which items are not to be trained on though they can be read.

        Args:
            name: of the side, whose pipeline is prepared.
            half: Half of M items.
            kept: bool array (M,), the items that can be read, those of `sides[name].items`.

        Returns:
            list (M,) of the reason, or None for an item that is kept.
        """
        return [None] * len(half.source)

    def _prepared(self, name, half, folder, progress, data_changed):
        side, place = self.sides[name].on(half.source), self.place(folder, name)
        side.batch_size, side.skip_ratio = 1, 1.0  # what is left out is judged by pairs
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
        return side.prepare(place, progress, data_changed)

    def reopen(self, folder):
        """Reads what both sides have kept in a run folder; see `Pipeline.reopen`."""
        for name, side in self.sides.items():
            side.reopen(self.place(folder, name))

    def restore(self, folder):
        """Reads what both sides have learned from a run folder; see `Pipeline.restore`."""
        for name, side in self.sides.items():
            side.restore(self.place(folder, name))

    # Batches.

    def example(self, index, key):
        """Makes one element, see the class."""
        keys, made = tf.random.experimental.stateless_split(key, 3 * len(self.sides)), {}
        for number, (name, side) in enumerate(self.sides.items()):
            items, begins, ends, first, past = self._tables[name]
            half_key, element_key, own_key = tf.unstack(keys[3 * number : 3 * number + 3])
            item = items[_drawn(begins[index], ends[index], half_key)]
            element = _drawn(first[item], past[item], element_key)
            example = side.example(element, own_key)
            made |= {f"{name}_{part}": value for part, value in example.items()}
            made[f"{name}_group"] = tf.cast(item, tf.int32)
        return made

    def finish_batch(self, batch):
        """Completes the halves of a batch, each as the pipeline of its side does."""
        finished = {name: value for name, value in batch.items() if name.endswith("_group")}
        for name, side in self.sides.items():
            own = {
                key.removeprefix(f"{name}_"): value
                for key, value in batch.items()
                if key.startswith(f"{name}_") and key not in finished
            }
            finished |= {f"{name}_{key}": value for key, value in side.finish_batch(own).items()}
        return finished

    def matches(self, name):
        """Returns which items of a side belong to which pairs, once the pipeline is prepared.

        Args:
            name: of a side.

        Returns:
            int64 arrays (A,), pairs, and (A,), items of `sides[name].items`.
        """
        items, begins, ends = self._links[name]
        return np.repeat(np.arange(len(ends)), ends - begins), items

    def prepare_all(self):
        """Prepares all pairs of the source, fewer than a batch as well, and returns itself."""
        self.batch_size = 1
        return self.prepare()

    def examples_of(self, name):
        """Returns the inputs of a tower for every item of a side, in order, as large as trained on.

        Args:
            name: of the side.

        Returns:
            tf.data.Dataset of dicts, without the name of the side.
        """
        side = self.sides[name]
        return side.middles(side.items, BATCH)

    def preview_of(self, name, index):
        """Returns an item of a side, for people to look at; see `Reader.preview`."""
        return self.sides[name].preview(self.sides[name].items, index)

    @property
    def text_side(self):
        """Name of the side that reads texts, the second if both do; None where none does."""
        names = [name for name, side in self.sides.items() if hasattr(side, "encode")]
        return names[-1] if names else None

    def encode_texts(self, texts):
        """Yields batches of the inputs of the tower of `text_side` for a list of str."""
        for first in range(0, len(texts), BATCH):
            yield self.sides[self.text_side].encode(tf.constant(texts[first : first + BATCH]))

    def kept_bytes(self):
        """Returns the size of the decoded items of both sides that are kept in memory."""
        return sum(side.kept_bytes() for side in self.sides.values())


def _without(half, kept, told, reasons):
    """Leaves noisy items out of what can be read."""
    noisy = np.array([reason is not None for reason in reasons])
    named = {half.source.names[i]: reasons[i] for i in np.flatnonzero(noisy)}
    return kept & ~noisy, told | named


def _drawn(begin, end, key):
    return tf.random.stateless_uniform([], key, begin, end, tf.int64)
