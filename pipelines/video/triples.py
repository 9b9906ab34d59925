"""Three frames of a video in the order of time, or not, for telling which."""

import logging
from typing import Any

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import Flat
from mmssl.pipelines.sources.prepared import prepared
from mmssl.pipelines.sources.tables import listed
from mmssl.pipelines.video.clips import VideoClips
from mmssl.pipelines.video.motion import motion, window_weights
from mmssl.pipelines.video.reading import FrameReader

FRAMES = 3  # of a triple
PARTS = 5  # of a window, one frame of each: a < b < c < d < e

logger = logging.getLogger(__name__)


class FrameTriples(VideoClips):
    """Three frames of a stretch of video in which much moves, whose order is to be verified.

    A window of 5 `spacing` frames is drawn in proportion to the motion in it, which is how much
    gray levels change from frame to frame; and of each fifth of the window one frame, a < b < c <
    d < e. In order are b c d; out of order are b a d and b e d: they begin and end alike, so that
    what tells is in between. Half of all are shown backwards, which does not change the answer.

    The three have one crop, one flip, and with `channel_probability` the same one of their color
    channels in place of all three.

    Batches hold frames float32 (B, 3, size, size, 3) in [0, 1] and in_order int32 (B,), 1 or 0;
    one of `1 + wrong` is in order. Inputs of a trained encoder are the frames b, c and d of the
    window in the middle, each in the middle of its fifth.

    Args:
        source: see `VideoClips`; videos of fewer than 5 frames are left out, and named.
        size: see `VideoClips`.
        spacing: frames of each fifth of a window, 1 or more; fewer in a video that is shorter.
        batch_size: triples per batch.
        wrong: triples that are out of order, for each one in order; 3 in the paper.
        channel_probability: probability that a triple has one channel.
        **kwargs: see `VideoClips`.

    Reference:
        Misra, Zitnick, Hebert 2016, arXiv 1603.08561.
    """

    def __init__(
        self,
        source: Any = "builtin:motion",
        size: int = 32,
        spacing: int = 2,
        batch_size: int = 64,
        wrong: int = 3,
        channel_probability: float = 0.0,
        **kwargs,
    ):
        super().__init__(source, size, FRAMES, spacing, batch_size, **kwargs)
        if wrong < 1:
            raise ValueError(f"wrong={wrong} must be 1 or more")
        if not 0 <= channel_probability <= 1:
            raise ValueError(f"channel_probability={channel_probability} must be from 0 to 1")
        self.spacing = spacing
        self.wrong = wrong
        self.channel_probability = channel_probability

    def index(self, folder=None):
        super().index(folder)
        lengths = self.shapes[:, 0]
        usable = np.flatnonzero(lengths >= PARTS)
        if not len(usable):
            raise ValueError(f"no video has the {PARTS} frames that a triple is taken from")
        if len(usable) < len(lengths):
            short = [str(self.items.names[i]) for i in np.flatnonzero(lengths < PARTS)]
            few = f"{len(short)} of {len(lengths)} videos, with fewer than {PARTS} frames"
            logger.warning("left out %s: %s", few, listed(short))
        self.count = len(usable)
        self._usable = tf.constant(usable, tf.int64)
        changes = np.split(self._changes(), np.cumsum(lengths - 1)[:-1])
        sums = [
            np.cumsum(window_weights(changes[i], PARTS * self.fifth(lengths[i]))) for i in usable
        ]
        self._sums = Flat.of([s.astype(np.float32) for s in sums])

    def item_of(self, numbers):
        return self._usable.numpy()[numbers]

    def item_name(self, index):
        return str(self.items.names[int(self._usable[index])])

    def fifth(self, length):
        """Returns the frames of a fifth of a window, of a video of some length."""
        return int(min(self.spacing, length // PARTS))

    def middle(self, length):
        length = int(length)
        fifth = self.fifth(length)
        if not fifth:  # too short to train on, and yet an encoder sees it
            return np.linspace(0, length - 1, FRAMES).astype(np.int64)
        start = (length - PARTS * fifth) // 2
        return start + fifth * np.arange(1, 1 + FRAMES, dtype=np.int64) + fifth // 2

    def example(self, index, key):
        keys = tf.unstack(tf.random.experimental.stateless_split(key, 4))
        ordered = self.ordered_frames(index, keys[0])
        in_order = tf.cast(key[1] % (1 + self.wrong) == 0, tf.int32)
        item = tf.gather(self._usable, index)
        numbers = triple(ordered, in_order, tf.random.stateless_uniform([2], keys[1]))
        clip = self.cropped(self.chosen(item, numbers), keys[2])
        return {"frames": self._one_channel(clip, keys[3]), "in_order": in_order}

    def ordered_frames(self, index, key):
        """Draws the five frames of a window of high motion.

        Args:
            index: int64 scalar below `count`.
            key: int64 (2,), the seed.

        Returns:
            int64 (5,), strictly ascending.
        """
        draws = tf.random.stateless_uniform([1 + PARTS], key)
        sums = self._sums[index]
        last = tf.shape(sums, tf.int64)[0] - 1
        start = tf.searchsorted(sums, draws[:1] * sums[-1], side="right", out_type=tf.int64)[0]
        length = tf.gather(self._lengths, tf.gather(self._usable, index))
        fifth = tf.minimum(tf.constant(self.spacing, tf.int64), length // PARTS)
        inside = tf.cast(draws[1:] * tf.cast(fifth, tf.float32), tf.int64)
        parts = fifth * tf.range(PARTS, dtype=tf.int64)
        return tf.minimum(start, last) + parts + tf.minimum(inside, fifth - 1)

    def _one_channel(self, clip, key):
        if not self.channel_probability:
            return clip
        draws = tf.random.stateless_uniform([2], key)
        channel = tf.cast(draws[1] * 3, tf.int32)
        gray = tf.repeat(clip[..., channel, tf.newaxis], 3, axis=-1)
        return tf.where(draws[0] < self.channel_probability, gray, clip)

    def _changes(self):
        """Returns the motion of all videos, one behind the other, read once in their length."""
        reader = FrameReader(self.items)

        def look():
            found = [motion(reader.each(i)) for i in range(len(self.items))]
            return {"changes": np.concatenate(found)}

        key = None if self._key is None else [self._key, "motion"]
        return np.array(prepared(key, look)["changes"])


def triple(frames, in_order, draws):
    """Chooses three of five frames.

    Args:
        frames: int64 (5,), a < b < c < d < e.
        in_order: int32 scalar, 1 for b c d, 0 for b a d or b e d.
        draws: float32 (2,), uniform in [0, 1): a below 0.5 or else e, backwards below 0.5 or not.

    Returns:
        int64 (3,).
    """
    a, b, c, d, e = tf.unstack(frames)
    between = tf.where(in_order == 1, c, tf.where(draws[0] < 0.5, a, e))
    chosen = tf.stack([b, between, d])
    return tf.where(draws[1] < 0.5, chosen[::-1], chosen)
