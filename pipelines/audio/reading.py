"""Reading of the recordings of a source in parts."""

import os

import numpy as np
import tensorflow as tf

from mmssl.pipelines.audio.decoding import check_waveform
from mmssl.pipelines.audio.recordings import Whole, open_recording
from mmssl.pipelines.elements import mapped
from mmssl.pipelines.sources.arrays import host


class PartReader:
    """Reads parts of the recordings of a source, of files without the rest of the file.

    Args:
        source: Source.
        decode: graph function, raw item -> waveform float32 (T,), for items that are arrays.
        sample_rate: int, samples per second of what is read.
    """

    def __init__(self, source, decode, sample_rate):
        self._source, self._decode, self._sample_rate = source, decode, sample_rate
        self._raw = source.read
        if source.root is not None:
            paths = host([str(source.root / name) for name in source.names])
            self._raw = lambda index: tf.gather(paths, index)

    def open(self, index):
        """Opens the recording at `index`, an int: a `Recording` or `Whole`, for a `with`."""
        raw = self._raw(tf.constant(index, tf.int64))
        return self._opened(raw.numpy()) if self._encoded(raw) else Whole(self._decode(raw).numpy())

    def lengths(self):
        """Returns the samples of every recording, int64 (N,); of files, only headers are read."""
        numbers = tf.data.Dataset.range(len(self._source))
        lengths = mapped(numbers, self._length, tf.data.AUTOTUNE)
        return np.fromiter(lengths.as_numpy_iterator(), np.int64)

    def length_read(self, index):
        """Reads a recording through, in little memory, and fails where it cannot be used.

        Args:
            index: int64 scalar, index of the item; works in a graph.

        Returns:
            int64 (1,), the number of samples.
        """
        raw = self._raw(index)
        if not self._encoded(raw):
            return tf.shape(self._decode(raw), tf.int64)
        length = tf.numpy_function(self._read_through, [raw], tf.int64, stateful=False)
        return tf.reshape(length, [1])

    def stated_total(self):
        """Returns the samples of all recordings that can be opened, by their headers."""
        numbers = tf.data.Dataset.range(len(self._source))
        lengths = mapped(numbers, self._length, tf.data.AUTOTUNE)
        lengths = lengths.ignore_errors(log_warning=False)
        return int(lengths.reduce(np.int64(0), lambda total, length: total + length))

    def part(self, index, start, size):
        """Decodes a part of a recording; works in a graph.

        Args:
            index: int64 scalar, index of the item.
            start: int64 scalar, first sample, inside the recording.
            size: int64 scalar, number of samples, 1 or more.

        Returns:
            float32 tensor (size,), shorter where the recording ends before.
        """
        raw = self._raw(index)
        if not self._encoded(raw):
            return self._decode(raw)[start : start + size]
        part = tf.numpy_function(self._span, [raw, start, size], tf.float32, stateful=False)
        return check_waveform(part)

    def _length(self, index):
        raw = self._raw(index)
        if not self._encoded(raw):
            return tf.size(self._decode(raw), tf.int64)
        return tf.numpy_function(self._stated_length, [raw], tf.int64, stateful=False)

    def _encoded(self, raw):
        return raw.dtype == tf.string

    def _opened(self, raw):
        raw = raw.item() if isinstance(raw, np.ndarray) else raw  # an array in eager execution
        file = raw if self._source.root is None else os.fsdecode(raw)
        return open_recording(file, self._sample_rate)

    def _stated_length(self, raw):
        with self._opened(raw) as recording:
            return np.int64(len(recording))

    def _read_through(self, raw):
        with self._opened(raw) as recording:
            return np.int64(recording.read_through())

    def _span(self, raw, start, size):
        with self._opened(raw) as recording:
            return recording.span(int(start), int(size))
