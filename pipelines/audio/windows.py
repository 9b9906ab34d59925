"""Audio windows, for pretraining and for a trained encoder."""

import math
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from mmssl.pipelines.audio.budget import EXCERPT, MOST, SAMPLES, by_length
from mmssl.pipelines.audio.decoding import (
    check_waveform,
    decode_audio,
    mono,
    resample,
)
from mmssl.pipelines.audio.reading import PartReader
from mmssl.pipelines.elements import fixed_keys, mapped
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.arrays import host, taken
from mmssl.pipelines.sources.extensions import AUDIO_EXTENSIONS


class AudioWindows(Pipeline):
    """Windows of equal length cut from clips of any length, sample rate and format.

    An epoch visits every clip in proportion to its length, and at least once. A clip at least as
    long as the window gives a random crop. A shorter one is either joined with further clips,
    drawn at random, the last of which is truncated; or it is padded.

    Batches hold waveform float32 (B, window), full scale 1, and padding_mask int32 (B, window),
    1 for audio and 0 for padding. Inputs of a trained encoder have the same names, padded to the
    longest of the batch.

    Args:
        source: see `Pipeline`; arrays without a sample rate are assumed to be at `sample_rate`.
        sample_rate: samples per second that every clip is converted to, above 0.
        window: samples per element, 1 or more.
        batch_size: windows per batch.
        short: what to do with a clip shorter than the window: "join" or "pad".
        **kwargs: see `Pipeline`.

    Attributes:
        samples: samples that an element shows, which is the window unless it is changed after.
    """

    extensions = AUDIO_EXTENSIONS
    decode_arguments = ("sample_rate",)

    def __init__(
        self,
        source: Any = "builtin:speech",
        sample_rate: int = 8000,
        window: int = 10240,
        batch_size: int = 16,
        short: Literal["join", "pad"] = "join",
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        if sample_rate <= 0:
            raise ValueError(f"sample_rate={sample_rate} must be above 0 (samples per second)")
        if window < 1:
            raise ValueError(f"window={window} must be 1 or more samples")
        if short not in ("join", "pad"):
            raise ValueError(f"short={short!r} must be 'join' or 'pad'")
        self.sample_rate = sample_rate
        self.window = window
        self.samples = window
        self.short = short

    def decode(self, raw):
        return self._decode(raw, None)

    def decoder_for(self, source):
        return lambda raw: self._decode(raw, source.sample_rate)

    def _decode(self, raw, rate):
        if raw.dtype == tf.string:
            return decode_audio(raw, self.sample_rate)
        wave = mono(raw)
        return check_waveform(
            resample(wave, tf.constant(rate or self.sample_rate), self.sample_rate)
        )

    def may_fit(self, source):
        if source.root is None:
            return True
        return self.parts(source).stated_total() * np.dtype("float32").itemsize <= self.cache_bytes

    def measurer_for(self, source):
        return self.parts(source).length_read

    def check_encoder(self, shortest):
        if self.samples < shortest:
            raise ValueError(
                f"window={self.samples} is shorter than one frame of the encoder, {shortest} "
                "samples: raise window"
            )

    def parts(self, source):
        """Returns a `PartReader` of the recordings of a source."""
        return PartReader(source, self.decoder_for(source), self.sample_rate)

    def index(self, folder=None):
        lengths = self.shapes[:, 0]
        self._check_lengths(lengths)
        visits = np.maximum(1, np.round(lengths / self.window)).astype(np.int64)
        self.count = int(visits.sum())
        self._clip_of = host(np.repeat(np.arange(len(lengths)), visits))
        self._lengths = host(lengths)
        # Twice as many clips as fill a window on average; if only short ones are drawn, the
        # longest clip fills the rest.
        self._draws = math.ceil(2 * self.window / lengths.mean()) if self.short == "join" else 0
        fill = [lengths.argmax()] if self.short == "join" else []
        self._fill = host(np.array(fill, np.int64))

    def _check_lengths(self, lengths):
        longest = int(lengths.max())
        if longest < self.window:
            raise ValueError(
                f"window={self.window} is longer than every clip, the longest of which has "
                f"{longest} samples: lower window"
            )

    def item_of(self, numbers):
        return self._clip_of.numpy()[numbers]

    def item_name(self, index):
        return str(self.items.names[int(self._clip_of[index])])

    def example(self, index, key):
        clips, starts, sizes = self._plan(self._clip_of[index], key)
        wave = self._gathered(clips, starts, sizes)
        length = tf.shape(wave)[0]
        wave = tf.pad(wave, [[0, self.window - length]])
        mask = tf.cast(tf.range(self.window) < length, tf.int32)
        waveform = tf.ensure_shape(wave, [self.window])
        beside = self.beside(clips, starts, sizes)
        return {"waveform": waveform, "padding_mask": mask, **beside}

    def beside(self, clips, starts, sizes):
        """Returns what an element holds beside the window that is made of these clips.

        Args:
            clips: int64 (M,), indices of clips, one after the other.
            starts: int64 (M,), the first sample of each.
            sizes: int64 (M,), how many samples of each; 0 for those that are not needed.

        Returns:
            Dict of int32/float32 tensors of static shape.
        """
        return {}

    def _plan(self, clip, key):
        """Returns the clips that make up a window: their indices, first samples and sizes."""
        offset_key, clip_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        clips = tf.concat([clip[tf.newaxis], self.further_clips(clip, clip_key)], axis=0)
        lengths = tf.gather(self._lengths, clips)
        room = tf.nn.relu(lengths[0] - self.window)
        offset = tf.random.stateless_uniform([], offset_key, maxval=room + 1, dtype=tf.int64)
        starts = tf.pad(offset[tf.newaxis], [[0, tf.shape(clips)[0] - 1]])
        before = tf.cumsum(lengths, exclusive=True)
        sizes = tf.minimum(tf.nn.relu(self.window - before), lengths)
        return clips, starts, sizes

    def further_clips(self, clip, key):
        """Returns the clips that fill up a window after a short one, int64 (M,)."""
        others = tf.random.stateless_uniform(
            [self._draws], key, maxval=len(self.items), dtype=tf.int64
        )
        return tf.concat([others, self._fill], axis=0)

    def _gathered(self, clips, starts, sizes):
        if self._kept is None:
            return self._read(clips, starts, sizes)
        first = tf.gather(self._kept.offsets, clips) + starts
        positions = tf.ragged.range(first, first + sizes).flat_values
        return taken(self._kept.values, positions)

    def _read(self, clips, starts, sizes):
        used, parts = tf.math.count_nonzero(sizes), self.parts(self.items)

        def read_next(number, wave):
            piece = parts.part(clips[number], starts[number], sizes[number])
            return number + 1, tf.concat([wave, piece], axis=0)

        _, wave = tf.while_loop(
            lambda number, _: number < used,
            read_next,
            (tf.constant(0, tf.int64), tf.zeros([0])),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
        )
        return wave

    def examples(self, source, batch_size=MOST, max_length=None):
        if max_length is None:
            return super().examples(source, batch_size)
        source = source if isinstance(source, Source) else self.open(source)
        # Of files, no more than that is read.
        return self._in_parts(source, np.zeros(len(source), np.int64), max_length, batch_size)

    def middles(self, source, batch_size):
        starts = np.maximum(0, self.parts(source).lengths() - self.samples) // 2
        return self._in_parts(source, starts, self.samples, batch_size)

    def fixed_windows(self, source, element, batch_size):
        """Returns an element of the middle of every clip, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            element: function of a window, dict of tensors (window,), and a key int64 (2,) to the
                element, a dict of tensors.
            batch_size: clips per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts; clips shorter than a window are continued with padding.
        """
        source = source if isinstance(source, Source) else self.open(source)

        def fixed(key, inputs):
            lacking = self.window - tf.shape(inputs["waveform"])[0]
            padded = {name: tf.pad(x, [[0, lacking]]) for name, x in inputs.items()}
            whole = {name: tf.ensure_shape(x, [self.window]) for name, x in padded.items()}
            return element(whole, key)

        middles = self.middles(source, batch_size).unbatch()
        keyed = tf.data.Dataset.zip(fixed_keys(len(source)), middles)
        return mapped(keyed, fixed).batch(batch_size)

    def excerpts(self, source, order, batch_size, seed):
        size = max(self.samples, EXCERPT)
        room = np.maximum(0, self.parts(source).lengths() - size)[order]
        starts = np.random.default_rng(seed).integers(0, room, endpoint=True)
        return self._in_parts(source.select(order), starts, size, batch_size)

    def _in_parts(self, source, starts, size, batch_size):
        """Returns the inputs for a part of every item, from `starts` int64 (N,) on."""
        parts, inputs, starts = self.parts(source), self.item_inputs(source), host(starts)

        def item(index):
            part = parts.part(index, starts[index], tf.constant(size, tf.int64))
            return inputs(index, part)

        items = mapped(tf.data.Dataset.range(len(source)), item, self.num_parallel_calls)
        return items.padded_batch(batch_size).prefetch(2)

    def numbered_examples(self, source):
        lengths = self.parts(source).lengths()
        order, group, sizes = by_length(lengths)
        decode, inputs, sizes = self.decoder_for(source), self.item_inputs(source), host(sizes)
        items = mapped(
            tf.data.Dataset.from_tensor_slices((order, group)),
            lambda i, group: (group, i, inputs(i, decode(source.read(i)))),
            self.num_parallel_calls,
        )
        batches = items.group_by_window(
            lambda group, *_: group,
            lambda _, members: members.padded_batch(MOST),
            window_size_func=lambda group: sizes[group],
        )
        examples = mapped(batches, lambda _, numbers, batch: (numbers, batch)).prefetch(2)
        return examples, np.flatnonzero(lengths > SAMPLES)

    def inputs(self, item, max_length=None):
        wave = item[:max_length]
        return {"waveform": wave, "padding_mask": tf.ones_like(wave, tf.int32)}

    def encoder_arguments(self):
        return {**super().encoder_arguments(), "sample_rate": self.sample_rate}

    def preview(self, source, index):
        """Returns one clip as (waveform float32 (T,), sample rate)."""
        return super().preview(source, index), self.sample_rate
