"""Windows of sound with spans of frames that are hidden from a student."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.frame_windows import FrameWindows


class MaskedWindows(FrameWindows):
    """Windows of sound with a mask over the frames that an encoder's convolutions make of them.

    Batches hold, beside waveform and padding_mask, mask int32 (B, F), 1 for frames that the
    student does not see and predicts; see `span_mask`. Frames that reach into padding are never
    hidden.

    Args:
        source: see `FrameWindows`.
        mask_ratio: share of the frames that the spans would hide if none overlapped, above 0 and
            at most 1.
        span: frames of a span, 1 or more.
        min_masks: least number of spans a window, 1 or more.
        equal_rows: show random hidden frames again until every row of the batch hides as many as
            the row that hides fewest, as fairseq does. Methods that weigh frames by the mask need
            it not, and it breaks spans apart: of windows of 63 frames, 16 a batch, it leaves 35 %
            hidden instead of 50 %, in pieces of 3 frames instead of 14.
        **kwargs: see `FrameWindows`.

    Raises:
        ValueError: naming the argument that is out of range.

    References:
        Baevski et al. 2022, arXiv 2202.03555, section 5.2; Baevski, Zhou, Mohamed, Auli 2020,
        2006.11477, appendix A.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        mask_ratio: float = 0.65,
        span: int = 10,
        min_masks: int = 1,
        equal_rows: bool = False,
        **kwargs,
    ):
        super().__init__(source, **kwargs)
        if not 0 < mask_ratio <= 1:
            raise ValueError(f"mask_ratio={mask_ratio} must lie above 0 and be at most 1")
        if min_masks < 1:
            raise ValueError(f"min_masks={min_masks} must be 1 or more")
        self.check_span(span)
        self.mask_ratio = mask_ratio
        self.span = span
        self.min_masks = min_masks
        self.equal_rows = equal_rows

    def example(self, index, key):
        """Makes one training element, see the class."""
        sound_key, mask_key, order_key = tf.unstack(tf.random.split(key, 3))
        batch = super().example(index, sound_key)
        frames = self.frames(batch["padding_mask"])
        mask = span_mask(frames, mask_key, self.mask_ratio, self.span, self.min_masks)
        if self.equal_rows:
            batch["order"] = tf.random.stateless_uniform(frames.shape, order_key)
        return {**batch, "mask": tf.cast(mask, tf.int32)}

    def batches(self, start_step=0, seed=0):
        """Returns the endless dataset of training batches, see `Pipeline.batches`."""
        batches = super().batches(start_step, seed)
        return batches.map(equalized).prefetch(tf.data.AUTOTUNE) if self.equal_rows else batches


def span_mask(frames, key, mask_ratio, span, min_masks=1):
    """Hides spans of frames that may overlap.

    Of n frames inside the recording, max(min_masks, floor(mask_ratio * n / span + u)) start a
    span, u uniform in [0, 1): drawn without replacement among those from which a whole span fits
    in, as fairseq does; the paper draws each frame with mask_ratio / span. In a recording of no
    more than `span` frames spans are one frame shorter than it. Should the spans hide everything,
    only the first drawn of them is kept, so something is always seen.

    Args:
        frames: int32 (F,), 1 for frames inside the recording, which come first.
        key: int64 (2,), seed of the stateless draws.
        mask_ratio: share that the spans would hide if none overlapped.
        span: frames of a span.
        min_masks: least number of spans.

    Returns:
        bool (F,); all False where fewer than two frames are inside.
    """
    size = frames.shape[0]
    count_key, start_key = tf.unstack(tf.random.split(key, 2))
    inside = tf.reduce_sum(frames)
    length = tf.maximum(tf.minimum(span, inside - 1), 0)
    wanted = mask_ratio * tf.cast(inside, tf.float32) / span
    count = tf.cast(wanted + tf.random.stateless_uniform([], count_key), tf.int32)
    count = tf.maximum(min_masks, count)

    places = tf.range(size)
    chance = tf.random.stateless_uniform([size], start_key)
    chance = tf.where(places <= inside - length, chance, 2.0)
    rank = tf.argsort(tf.argsort(chance))
    fits = (places <= inside - length) & (length > 0)
    mask = _spread(fits & (rank < count), length)
    alone = _spread(fits & (rank == 0), length)
    return tf.where(tf.reduce_sum(tf.cast(mask, tf.int32)) < inside, mask, alone)


def _spread(starts, length):
    """Marks each start and what follows it, `length` frames in all."""
    before = tf.cumsum(tf.cast(starts, tf.int32))
    ended = tf.maximum(tf.range(starts.shape[0]) - length, -1)
    return before > tf.where(ended < 0, 0, tf.gather(before, tf.maximum(ended, 0)))


def equalized(batch):
    """Shows hidden frames again, random ones, until all rows hide as many as the least of them.

    Args:
        batch: dict with mask int32 (B, F) and order float32 (B, F), the random order in which a
            row's frames stay hidden.

    Returns:
        The batch without `order`.
    """
    order = batch["order"]
    hidden = batch["mask"] > 0
    rank = tf.argsort(tf.argsort(tf.where(hidden, order, 2.0)))
    least = tf.reduce_min(tf.reduce_sum(batch["mask"], axis=1))
    kept = {name: value for name, value in batch.items() if name != "order"}
    return {**kept, "mask": tf.cast(hidden & (rank < least), tf.int32)}
