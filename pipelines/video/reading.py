"""Reading of some frames of the videos of a source, without the rest of a file."""

import os

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.images.decoding import as_pixels, to_rgb
from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.video.opening import open_video
from mmssl.pipelines.video.shown import LEAST_FRAMES

FEW = f"it has fewer than {LEAST_FRAMES} frames"


class FrameReader:
    """Reads frames of the videos of a source.

    Args:
        source: Source of files, of folders of frames, or of arrays (T, H, W, C).
    """

    def __init__(self, source):
        self._source = source
        self._raw = source.read
        if source.root is not None and not self._in_folders():
            paths = host([os.fsencode(source.root / name) for name in source.names])
            self._raw = lambda index: tf.gather(paths, index)

    def frames(self, index, choose):
        """Decodes some frames of a video; works in a graph.

        Args:
            index: int64 scalar, index of the video.
            choose: function of the number of frames of the video, an int, to int64 array (L,), the
                frames to decode, in any order; or int64 tensor (L,).

        Returns:
            uint8 tensor (L, H, W, 3).
        """
        raw = self._raw(index)
        if raw.dtype != tf.string:
            numbers = self._numbers(choose, tf.shape(raw, tf.int64)[0])
            return as_frames(tf.gather(raw, numbers))
        given = [raw] if callable(choose) else [raw, choose]
        chosen = choose if callable(choose) else None

        def decode(raw, numbers=None):
            with self._opened(raw) as video:
                return decoded(video, chosen(len(video)) if numbers is None else numbers)

        frames = tf.numpy_function(decode, given, tf.uint8, stateful=False)
        return tf.ensure_shape(frames, [None, None, None, 3])

    def shape(self, index):
        """Decodes a video once, in the memory of a frame, and fails where it cannot be used.

        Args:
            index: int64 scalar, index of the video; works in a graph.

        Returns:
            int64 tensor (4,): number of frames, height, width, 3.
        """
        raw = self._raw(index)
        if raw.dtype != tf.string:
            enough = tf.Assert(tf.shape(raw)[0] >= LEAST_FRAMES, [FEW])
            with tf.control_dependencies([enough]):
                return tf.shape(as_frames(raw), tf.int64)

        def look(raw):
            with self._opened(raw) as video:
                return video.read_through()

        return tf.ensure_shape(tf.numpy_function(look, [raw], tf.int64, stateful=False), [4])

    def stated_bytes(self):
        """Returns the bytes of all frames of all videos that can be opened, none decoded whole."""

        def size(raw):
            with self._opened(raw) as video:
                first = next(video.frames(np.zeros(1, np.int64)))
                return np.int64(len(video) * first.size)

        def of(index):
            raw = self._raw(index)
            if raw.dtype != tf.string:
                return tf.size(as_frames(raw), tf.int64)
            return tf.numpy_function(size, [raw], tf.int64, stateful=False)

        numbers = tf.data.Dataset.range(len(self._source))
        sizes = mapped(numbers, of, tf.data.AUTOTUNE).ignore_errors(log_warning=False)
        return int(sizes.reduce(np.int64(0), lambda total, size: total + size))

    def each(self, index):
        """Yields all frames of a video, in order, in the memory of one.

        Args:
            index: int.

        Yields:
            uint8 arrays (H, W, 3).
        """
        raw = self._raw(tf.constant(index, tf.int64))
        if raw.dtype != tf.string:
            yield from as_frames(raw).numpy()
            return
        with self._opened(raw.numpy()) as video:
            yield from video.frames(np.arange(len(video)))

    def _numbers(self, choose, length):
        if not callable(choose):
            return choose
        numbers = tf.numpy_function(choose, [length], tf.int64, stateful=False)
        return tf.ensure_shape(numbers, [None])

    def _in_folders(self):
        return self._source.read(tf.constant(0, tf.int64)).shape.rank == 1

    def _opened(self, raw):
        if isinstance(raw, np.ndarray) and raw.ndim == 1:
            return open_video([os.fsdecode(path) for path in raw.tolist()])
        raw = raw.item() if isinstance(raw, np.ndarray) else raw  # an array in eager execution
        return open_video(raw if self._source.root is None else os.fsdecode(raw))


def decoded(video, numbers):
    """Decodes frames of an open video, in any order, each once.

    Args:
        video: what `open_video` returns.
        numbers: int array (L,).

    Returns:
        uint8 array (L, H, W, 3).
    """
    ascending, places = np.unique(numbers, return_inverse=True)
    return np.stack(list(video.frames(ascending)))[places]


def as_frames(array):
    """Converts the array of a video to RGB of 8 bits.

    Args:
        array: tensor (T, H, W, C); uint8, uint16, or float in [0, 1].

    Returns:
        uint8 tensor (T, H, W, 3).

    Raises:
        ValueError: for another rank or dtype.
    """
    if array.shape.rank != 4:
        raise ValueError(
            "a video must be an array (frames, H, W, channels) of uint8, uint16, or floats in "
            f"[0, 1]; got rank {array.shape.rank}"
        )
    length, height, width, channels = tf.unstack(tf.shape(array))
    tall = tf.reshape(array, [length * height, width, array.shape[3] or channels])
    return tf.reshape(to_rgb(as_pixels(tall)), [length, height, width, 3])
