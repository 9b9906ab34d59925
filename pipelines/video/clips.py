"""Clips of videos, for pretraining and for a trained encoder."""

from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.elements import mapped
from mmssl.pipelines.images.crops import check_scale
from mmssl.pipelines.images.resampling import random_crop_box
from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.reader import BATCH
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.extensions import VIDEO_EXTENSIONS
from mmssl.pipelines.video.opening import open_video
from mmssl.pipelines.video.reading import FrameReader, as_frames, decoded

PIXELS = 2**23  # of the clips that an encoder sees at once when it is not trained


class VideoClips(Pipeline):
    """Clips of some frames, each at a random place of its video, with one crop and flip for all.

    A clip has `frames` frames, `stride` apart, of a video that is looked at as often as it has
    frames, at equal distances in time. Of a video that is too short, the frames come round again.
    Of files no more is decoded than from the key frame before a clip to its end; small data are
    decoded once, and kept in memory (`cache`).

    Batches hold frames float32 (B, frames, size, size, 3) in [0, 1]. Inputs of a trained encoder
    have the same name: the center square of the clip in the middle of the video.

    Args:
        source: see `Pipeline`; video files, animated GIF and WebP, folders of frames; arrays are
            (T, H, W, C), uint8, uint16 or floats in [0, 1].
        size: pixels along each side of a clip, 1 or more.
        frames: frames of a clip, 1 or more.
        stride: frames of the video from one of a clip to the next, 1 or more.
        batch_size: clips per batch.
        scale: smallest and largest fraction of the picture's area, above 0, at most 1.
        ratio: smallest and largest aspect ratio, width / height, above 0.
        flip: flip half of the clips left to right; not where directions matter.
        **kwargs: see `Pipeline`.
    """

    extensions = VIDEO_EXTENSIONS
    decode_arguments = ()

    def __init__(
        self,
        source: Any = "builtin:motion",
        size: int = 32,
        frames: int = 8,
        stride: int = 2,
        batch_size: int = 32,
        scale: tuple[float, float] = (0.3, 1.0),
        ratio: tuple[float, float] = (0.5, 2.0),
        flip: bool = True,
        **kwargs,
    ):
        super().__init__(source, batch_size, **kwargs)
        for name, value in (("size", size), ("frames", frames), ("stride", stride)):
            if value < 1:
                raise ValueError(f"{name}={value} must be 1 or more")
        check_scale("scale", scale)
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f"ratio={ratio} must be above 0 and in ascending order")
        self.size = size
        self.frames = frames
        self.stride = stride
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.flip = flip

    def decode(self, raw):
        if raw.dtype != tf.string:
            return as_frames(raw)

        def whole(raw):
            raw = raw.item() if isinstance(raw, np.ndarray) and raw.ndim == 0 else raw
            video = [p.decode() for p in raw.tolist()] if isinstance(raw, np.ndarray) else raw
            with open_video(video) as video:
                return decoded(video, np.arange(len(video)))

        frames = tf.numpy_function(whole, [raw], tf.uint8, stateful=False)
        return tf.ensure_shape(frames, [None, None, None, 3])

    def measurer_for(self, source):
        return FrameReader(source).shape

    def may_fit(self, source):
        return FrameReader(source).stated_bytes() <= self.cache_bytes

    def worth_caching(self, source):
        if source.index is not None:
            return True
        # Arrays are in memory already.
        return source.read(tf.constant(0, tf.int64)).dtype == tf.string

    def index(self, folder=None):
        super().index(folder)
        self._lengths = tf.constant(self.shapes[:, 0], tf.int64)

    def chosen(self, index, numbers):
        """Returns frames of a video to train on, from memory or from the source.

        Args:
            index: int64 scalar.
            numbers: int64 tensor (L,).

        Returns:
            uint8 tensor (L, H, W, 3).
        """
        if self._kept is None:
            frames = FrameReader(self.items).frames(index, numbers)
            return tf.ensure_shape(frames, [numbers.shape[0], None, None, 3])
        shape = self._kept.shapes[index][1:]
        size = tf.reduce_prod(shape)
        begins = tf.unstack(self._kept.offsets[index] + size * numbers)
        frames = [tf.reshape(self._kept.values[b : b + size], shape) for b in begins]
        return tf.ensure_shape(tf.stack(frames), [len(frames), None, None, 3])

    def clip_from(self, start, length):
        """Returns the frames of a clip, which come round again where a video ends before.

        Args:
            start: int64 scalar, the first one.
            length: int64 scalar, number of frames of the video.

        Returns:
            int64 (frames,).
        """
        return (start + self.stride * np.arange(self.frames, dtype=np.int64)) % length

    def room(self, length):
        """Returns how many first frames a clip may have: all, where the video is too short."""
        fits = length - (self.frames - 1) * self.stride
        return tf.where(fits > 0, fits, length)

    def middle(self, length):
        """Returns the frames that a trained encoder sees of a video.

        Args:
            length: int, number of frames of the video.

        Returns:
            int64 array (frames,).
        """
        start = max(0, length - 1 - (self.frames - 1) * self.stride) // 2
        return self.clip_from(start, int(length))

    def example(self, index, key):
        start_key, crop_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        length = tf.gather(self._lengths, index)
        start = tf.random.stateless_uniform([], start_key, 0, self.room(length), tf.int64)
        clip = self.chosen(index, self.clip_from(start, length))
        return {"frames": self.cropped(clip, crop_key)}

    def cropped(self, clip, key):
        """Crops, resizes and flips all frames of a clip alike.

        Args:
            clip: uint8 tensor (L, H, W, 3).
            key: int64 (2,), the seed.

        Returns:
            float32 tensor (L, size, size, 3) in [0, 1].
        """
        box_key, flip_key = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        height, width = tf.unstack(tf.shape(clip)[1:3])
        crop = resized(
            clip, random_crop_box(height, width, box_key, self.scale, self.ratio), self.size
        )
        if not self.flip:
            return crop
        flipped = tf.random.stateless_uniform([], flip_key) < 0.5
        return tf.where(flipped, tf.reverse(crop, [2]), crop)

    def inputs(self, item, max_length=None):
        height, width = tf.unstack(tf.shape(item)[1:3])
        side = tf.minimum(height, width)
        box = tf.stack([(height - side) // 2, (width - side) // 2, side, side])
        frames = resized(item, box, self.size)
        return {"frames": tf.ensure_shape(frames, [len(self.middle(1)), *frames.shape[1:]])}

    def examples(self, source, batch_size=BATCH, max_length=None):
        source = source if isinstance(source, Source) else self.open(source)
        reader = FrameReader(source)

        def item(index):
            return self.inputs(reader.frames(index, self.middle))

        items = mapped(tf.data.Dataset.range(len(source)), item, self.num_parallel_calls)
        return items.batch(batch_size).prefetch(2)

    def numbered_examples(self, source):
        rows = max(1, min(BATCH, PIXELS // (self.frames * self.size**2)))
        numbers = tf.data.Dataset.range(len(source)).batch(rows)
        examples = tf.data.Dataset.zip(numbers, self.examples(source, rows))
        return examples, np.empty(0, np.int64)

    def preview(self, source, index):
        """Returns what is seen of one video, uint8 (frames, H, W, 3)."""
        return FrameReader(source).frames(tf.constant(index, tf.int64), self.middle).numpy()

    def encoder_arguments(self):
        return {"size": self.size, "frames": self.frames}


def resized(clip, box, size):
    """Crops a box of all frames and resizes it, with antialiasing.

    Args:
        clip: uint8 tensor (L, H, W, 3).
        box: int32 (4,): top, left, height, width.
        size: pixels along each side of the result.

    Returns:
        float32 tensor (L, size, size, 3) in [0, 1].
    """
    top, left, height, width = tf.unstack(box)
    crop = clip[:, top : top + height, left : left + width]
    frames = tf.image.resize(crop, [size, size], antialias=True) / 255.0
    return tf.ensure_shape(tf.clip_by_value(frames, 0.0, 1.0), [clip.shape[0], size, size, 3])
