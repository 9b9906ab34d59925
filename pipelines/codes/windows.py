"""Windows of sequences of codes, such as those of sound."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.codes.codes import Codes
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.arrays import host


class CodeWindows(Codes):
    """`Codes` of sequences of any length, in windows.

    An epoch visits every item in proportion to its length, and at least once. One with more codes
    than a window gives a random part, which begins where a code of the level above does; one with
    fewer is joined with further items, drawn at random, of the same labels where there are
    `conditions`, the last of which is cut off.

    Batches hold codes int32 (B, length), and upper_codes int32 (B, length / rate), which stand for
    the same time, where there is a level above, one of whose codes lasts as long as `rate` codes.
    Inputs of a trained encoder are the first window of each item, a shorter one repeated.

    Args:
        source: see `Codes`.
        tokens: see `Codes`.
        level: see `Codes`.
        length: codes of a window, 1 or more; a multiple of the rate.
        batch_size: windows per batch.
        **kwargs: see `Codes`.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        tokens: str | None = None,
        level: str | None = None,
        length: int = 256,
        batch_size: int = 32,
        **kwargs,
    ):
        super().__init__(source, tokens, level, batch_size, **kwargs)
        if length < 1:
            raise ValueError(f"length={length} must be 1 or more codes")
        self.length = length

    @property
    def rate(self):
        """Codes of the level for each code of the level above; 1 where there is none."""
        level, above = self._levels
        return 1 if above is None else self.spec.sizes[level] // self.spec.sizes[above]

    def method_arguments(self):
        """Returns `entries`, `code_shape` and `upper_shape` of a window."""
        found = super().method_arguments()
        if "code_shape" not in found:
            return found
        if self.length % self.rate:
            raise ValueError(
                f"length={self.length} must be a multiple of {self.rate}, the codes of this level "
                "for each code of the level above"
            )
        upper = None if self._levels[1] is None else (self.length // self.rate,)
        return {**found, "code_shape": (self.length,), "upper_shape": upper}

    def index(self, folder=None):
        super().index(folder)
        counts = self.shapes[:, 0] // sum(self._sizes.values()) * self._sizes[self._levels[0]]
        if counts.max() < self.length:
            raise ValueError(
                f"length={self.length} is longer than every item, the longest of which has "
                f"{counts.max()} codes: lower length"
            )
        visits = np.maximum(1, np.round(counts / self.length)).astype(np.int64)
        self.count = int(visits.sum())
        self._item_of = host(np.repeat(np.arange(len(counts)), visits))
        self._draws = math.ceil(2 * self.length / counts.mean())
        self._group_items()

    def _group_items(self):
        """Groups the items by their labels, of which all are one where there are none."""
        count = len(self.items)
        numbers = self._numbers.numpy() if self.conditions else np.zeros((count, 1), np.int32)
        _, group = np.unique(numbers, axis=0, return_inverse=True)
        group = group.reshape(-1)
        sizes = np.bincount(group)
        self._members = host(np.argsort(group, kind="stable"))
        self._group_of, self._group_size = host(group), host(sizes)
        self._group_start = host(np.cumsum(sizes) - sizes)

    def item_of(self, numbers):
        return self._item_of.numpy()[numbers]

    def item_name(self, index):
        return str(self.items.names[int(self._item_of[index])])

    @property
    def _sizes(self):
        """Codes of each level for each code of the top one."""
        return self.spec.sizes if self.spec.hop else dict.fromkeys(self.spec.levels, 1)

    def _is_whole(self, count):
        return tf.equal(count % sum(self._sizes.values()), 0) & (count > 0)

    def example(self, index, key):
        first, rest = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        item = self._item_of[index]
        order = self._further(item, rest)
        begun = self._begun(self.item(item), first)
        window = self._window(begun, lambda n: self.item(order[(n - 1) % self._draws]))
        return {**window, "labels": self._numbers[item]} if self.conditions else window

    def _further(self, item, key):
        """Draws items of the same labels as one, int64 (draws,)."""
        group = self._group_of[item]
        drawn = tf.random.stateless_uniform(
            [self._draws], key, maxval=self._group_size[group], dtype=tf.int64
        )
        return tf.gather(self._members, self._group_start[group] + drawn)

    def _begun(self, flat, key):
        """Returns the codes of both levels of an item, from a random code of the upper one on."""
        own, upper = self._both(flat)
        units = tf.size(own) // self.rate
        room = tf.nn.relu(units - self.length // self.rate)
        start = tf.random.stateless_uniform([], key, maxval=room + 1, dtype=tf.int32)
        return own[start * self.rate :], upper[start:]

    def _both(self, flat):
        """Returns the codes of the level and of that above it, none where there is none."""
        level, above = self._levels
        return self.of_level(flat, level), flat[:0] if above is None else self.of_level(flat, above)

    def of_level(self, item, level):
        """Returns the codes of a level, of those of all: int32 (T,)."""
        names = self.spec.levels
        tops = tf.size(item) // sum(self._sizes.values())
        before = sum(self._sizes[name] for name in names[: names.index(level)])
        return item[before * tops : (before + self._sizes[level]) * tops]

    def _window(self, begun, further):
        """Returns an element that begins with some codes and goes on with those of other items.

        Args:
            begun: pair of the codes of the level and of that above it.
            further: function from 1, 2, ... to the codes of all levels of an item.
        """

        def longer(number, own, upper):
            more = self._both(further(number))
            return number + 1, tf.concat([own, more[0]], 0), tf.concat([upper, more[1]], 0)

        _, own, upper = tf.while_loop(
            lambda _, own, __: tf.size(own) < self.length,
            longer,
            (tf.constant(1), *begun),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape([None])),
        )
        return self._cut(own, upper)

    def _cut(self, own, upper):
        element = {"codes": tf.ensure_shape(own[: self.length], [self.length])}
        if self._levels[1] is None:
            return element
        count = self.length // self.rate
        return {**element, "upper_codes": tf.ensure_shape(upper[:count], [count])}

    def inputs(self, item, max_length=None):
        own, upper = self._both(item)
        times = -(-self.length // tf.size(own))
        return self._cut(tf.tile(own, [times]), tf.tile(upper, [times]))

    def fixed_elements(self, source, batch_size=64):
        """Returns a window from the beginning of every item of a source, the same at every call.

        Shorter items go on with those that follow them, the last with the first.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: windows per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts, as batches of training.
        """
        source = source if isinstance(source, Source) else self.open(source)
        count, decode = len(source), self.decoder_for(source)

        def item(index, number):
            return decode(source.read((index + tf.cast(number, tf.int64)) % count))

        numbers = host(self.conditioned.numbers(source)) if self.conditions else None

        def element(index):
            begun = self._both(item(index, 0))
            window = self._window(begun, lambda number: item(index, number))
            return {**window, "labels": numbers[index]} if self.conditions else window

        items = tf.data.Dataset.range(count)
        return mapped(items, element, self.num_parallel_calls).batch(batch_size)
