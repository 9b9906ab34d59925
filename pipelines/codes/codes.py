"""Codes of a trained tokenizer, for the models that learn how they follow each other."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.files import atomic_write
from mmssl.pipelines.codes.cached import open_tokenized
from mmssl.pipelines.codes.labels import Labels
from mmssl.pipelines.codes.shards import codes_in
from mmssl.pipelines.codes.spec import ALONE, CODES_FILE, DECODER_FILE, ENCODER_FILE, CodeSpec
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.sources.shard_index import is_prepared


class Codes(Pipeline):
    """The codes that a trained tokenizer makes of what is in a source, whole maps.

    The source is what the tokenizer reads, such as a folder of pictures, with its run as `tokens`:
    all of it is encoded once, before the first batch, and kept in the cache folder. Or it is a
    folder of codes that `mmssl tokenize` wrote, which knows its tokenizer; or, in Python, an array
    of whole numbers (N, H, W) or (N, T) with `entries`.

    Batches hold codes int32 (B, H, W) or (B, T), from 0 to K - 1, of one level; where there is a
    level above, its codes, upper_codes int32 (B, H', W') or (B, T'); and with `conditions`, labels
    int32 (B, columns), numbered from 1, 0 for unknown ones. Inputs of a trained encoder have the
    same names.

    The run folder keeps codes.json, what the codes are, and the tokenizer's code_encoder.keras and
    code_decoder.keras, so that it needs the tokenizer's run no more to generate.

    Args:
        source: see above.
        tokens: run folder of a tokenizer; None where the source holds codes.
        level: name of the level that is learned, such as `bottom`; None for the top one.
        batch_size: examples per batch.
        conditions: dict from a column of the source, or of its table of labels, to the number of
            its labels, the unknown one included; None for none.
        entries: K of an array, 2 or more.
        **kwargs: see `Pipeline`.

    Attributes:
        conditioned: Labels that were learned; None before `prepare`.
        tokenizer: what encodes a source, see `open_tokenized`; set by who can run its networks, see
            `mmssl.runs.tokens`.
        decoder: function from a dict of the codes of each level, int32 (1, ...), to what they stand
            for, (1, ...); set likewise, or None.
    """

    decode_arguments = ("fingerprint",)

    def __init__(
        self,
        source: Any = "builtin:photos",
        tokens: str | None = None,
        level: str | None = None,
        batch_size: int = 64,
        conditions: dict[str, int] | None = None,
        entries: int | None = None,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        if entries is not None and entries < 2:
            raise ValueError(f"entries={entries} must be 2 or more")
        self.tokens, self.level, self.entries = tokens, level, entries
        self.conditions, self.conditioned = dict(conditions or {}), None
        self.tokenizer = self.decoder = self._spec = self._progress = None

    # What the codes are.

    @property
    def spec(self):
        """CodeSpec of the codes.

        Raises:
            ValueError: nothing says what they are.
        """
        if self._spec is None:
            self._spec = self._found()
        return self._spec

    def _found(self):
        if isinstance(self.source, np.ndarray):
            if self.entries is None:
                raise ValueError("an array of codes needs entries, the number of different ones")
            return CodeSpec(self.entries, {ALONE: self.source.shape[1:]})
        if self.tokens is not None:
            spec = CodeSpec.read(self.tokens)
            if spec is None:
                raise ValueError(
                    f"data.tokens={self.tokens} has no {CODES_FILE}: name the folder of a finished "
                    "run of a tokenizer, such as of vision/vq_vae"
                )
            return spec
        found = codes_in(self.source) if self._holds_shards(self.source) else None
        if found is not None:
            return found
        raise ValueError(
            f"data.source={self.source} holds no codes: name the run of a tokenizer that makes "
            "them, --data.tokens runs/vq_vae, or a folder that `mmssl tokenize` wrote"
        )

    @property
    def fingerprint(self):
        """What tells codes of one tokenizer from those of another."""
        return self.spec.encoder

    @property
    def sample_rate(self):
        """Of what is decoded, samples per second; None for pictures."""
        return self.spec.sample_rate

    @property
    def _levels(self):
        """Pair of the name of the level that is learned, and of that above it, or None."""
        level = self.level or self.spec.levels[0]
        return level, self.spec.above(level)

    def method_arguments(self):
        """Returns `entries`, `code_shape` and `upper_shape`; nothing where they are not known."""
        if not self._is_told():
            return super().method_arguments()
        level, above = self._levels
        shapes = self.spec.shapes
        return {
            **super().method_arguments(),
            "entries": self.spec.entries,
            "code_shape": shapes[level],
            "upper_shape": None if above is None else shapes[above],
        }

    def encoder_arguments(self):
        """Returns the same as `method_arguments`, and how many `labels` each condition has."""
        counts = {"labels": tuple(self.conditions.values())}
        return {**super().encoder_arguments(), **counts, **self.method_arguments()}

    def _is_told(self):
        given = self._spec is not None or self.tokens is not None
        return given or isinstance(self.source, np.ndarray) or self._holds_shards(self.source)

    @staticmethod
    def _holds_shards(source):
        return _is_path(source) and is_prepared(source)

    # Opening.

    def prepare(self, folder=None, progress=None, data_changed="refuse"):
        """Opens, encodes and checks the source; see `Pipeline`."""
        self._progress = progress
        return super().prepare(folder, progress, data_changed)

    def open_all(self, spec, labels=None, label_column=None, split_column=None):
        columns = (labels, label_column, split_column)
        if isinstance(spec, Source | np.ndarray):
            return super().open_all(spec, *columns)
        held = codes_in(spec) if self._holds_shards(spec) else None
        if held is not None:
            self._check(held, spec)
            return super().open_all(spec, *columns)
        self._check_tokenizer()
        return open_tokenized(self.tokenizer, spec, columns, self._progress)

    def open_items(self, spec):
        return self.open_all(spec)

    def _check(self, found, place):
        if found != self.spec:
            raise ValueError(
                f"the codes of {place} are not those of this run's tokenizer, whose weights or "
                "sizes are others: encode the data anew, or begin another run"
            )

    def _check_tokenizer(self):
        told = self.spec  # which says what is missing where there is no tokenizer at all
        if self.tokenizer is None:
            raise ValueError(
                f"data.tokens={self.tokens} encodes a source when a run is trained or evaluated, "
                "by mmssl.training and mmssl.runs; elsewhere give a folder that `mmssl tokenize` "
                "wrote"
            )
        if self.tokenizer.spec != told:
            self._check(self.tokenizer.spec, self.tokens)

    def reopen(self, folder):
        """Reads what the codes are that a run has begun with."""
        super().reopen(folder)
        self._spec = CodeSpec.read(folder) or self._spec

    def restore(self, folder):
        """Reads what the codes of a run are."""
        super().restore(folder)
        self.reopen(folder)
        self.conditioned = Labels.read(folder)

    def index(self, folder=None):
        """Numbers labels, and keeps what the codes are and what turns them back in the folder."""
        super().index(folder)
        if self.conditions:
            self._number_labels(folder)
        if folder is None or (Path(folder) / CODES_FILE).exists():
            return
        paths = [place for place in (self.tokens, self.source) if _is_path(place)]
        for name in (ENCODER_FILE, DECODER_FILE):
            held = [path for path in (Path(place, name) for place in paths) if path.is_file()]
            if held:
                with atomic_write(Path(folder, name)) as beside:
                    shutil.copyfile(held[0], beside)
        self.spec.write(folder)

    def _number_labels(self, folder):
        self.conditioned = None if folder is None else Labels.read(folder)
        if self.conditioned is None:
            self.conditioned = Labels.learned(self.items, self.conditions)
            if folder is not None:
                self.conditioned.write(folder)
        self._numbers = host(self.conditioned.numbers(self.items))

    def worth_caching(self, source):
        return True

    # Elements.

    def decode(self, raw):
        """Checks the codes of an item: int32 (n,), those of all levels one after the other."""
        if raw.dtype == tf.string:
            raise ValueError("the source holds files or texts, not codes: set data.tokens")
        codes = tf.reshape(tf.cast(raw, tf.int32), [-1])
        inside = tf.reduce_all((codes >= 0) & (codes < self.spec.entries))
        whole = self._is_whole(tf.size(codes))
        told = [f"it holds other codes than 0 to {self.spec.entries - 1}, or not so many"]
        with tf.control_dependencies([tf.Assert(inside & whole, told)]):
            return tf.identity(codes)

    def _is_whole(self, count):
        return tf.equal(count, sum(self.spec.sizes.values()))

    def example(self, index, key):
        element = self.inputs(self.item(index))
        return {**element, "labels": self._numbers[index]} if self.conditions else element

    def item_inputs(self, source):
        if not self.conditions:
            return super().item_inputs(source)
        numbers = host(self.conditioned.numbers(source))
        return lambda index, item, *length: {**self.inputs(item), "labels": numbers[index]}

    def inputs(self, item, max_length=None):
        level, above = self._levels
        element = {"codes": self.of_level(item, level)}
        return element if above is None else {**element, "upper_codes": self.of_level(item, above)}

    def of_level(self, item, level):
        """Returns the codes of a level, of those of all: int32 (H, W)."""
        sizes = self.spec.sizes
        before = sum(sizes[name] for name in self.spec.levels[: self.spec.levels.index(level)])
        return tf.reshape(item[before : before + sizes[level]], self.spec.shapes[level])

    def fixed_elements(self, source, batch_size=64):
        """Returns an element of every item of a source, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: elements per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts, as batches of training.
        """
        return self.examples(source, batch_size)

    def decoded(self, source):
        """Decodes all levels of every item of a source, for people to look at or to listen to.

        Args:
            source: Source of a few items.

        Returns:
            list of arrays, (H, W, C) or (T,).
        """
        decode = self.decoder_for(source)
        items = [decode(source.read(tf.constant(i, tf.int64))) for i in range(len(source))]
        found = [{n: self.of_level(x, n)[np.newaxis] for n in self.spec.levels} for x in items]
        return [np.asarray(self.decoder(codes))[0] for codes in found]


def _is_path(source):
    return isinstance(source, str | os.PathLike)
