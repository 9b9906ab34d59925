"""Audio windows with spans of frames that are masked for a student."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.frame_windows import FrameWindows
from mmssl.pipelines.masks.spans import span_mask


class MaskedWindows(FrameWindows):
    """Audio windows with a mask over the frames that an encoder's convolutions produce.

    In addition to waveform and padding_mask, batches hold mask int32 (B, F), 1 for frames that are
    masked for the student and predicted by it; see `span_mask`. Frames that overlap padding are
    never masked.

    Args:
        source: see `FrameWindows`.
        mask_ratio: fraction of the frames that the spans would mask if none overlapped, above 0
            and at most 1.
        span: frames per span, 1 or more.
        min_masks: minimum number of spans per window, 1 or more.
        equal_rows: unmask random frames until every row of the batch has as many masked frames as
            the row with the fewest, as fairseq does. Methods that weight frames by the mask do not
            need it, and it breaks spans up: with 16 windows of 63 frames per batch, it leaves 35 %
            masked instead of 50 %, in runs of 3 frames instead of 14.
        **kwargs: see `FrameWindows`.

    Raises:
        ValueError: when an argument is out of range.

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
            raise ValueError(f"mask_ratio={mask_ratio} must be above 0 and at most 1")
        if min_masks < 1:
            raise ValueError(f"min_masks={min_masks} must be 1 or more")
        self.check_span(span)
        self.mask_ratio = mask_ratio
        self.span = span
        self.min_masks = min_masks
        self.equal_rows = self.rows_meet = equal_rows

    def example(self, index, key):
        """Makes one training element, see the class."""
        window_key, mask_key, order_key = tf.unstack(tf.random.split(key, 3))
        batch = super().example(index, window_key)
        frames = self.frames(batch["padding_mask"])
        mask = span_mask(frames, mask_key, self.mask_ratio, self.span, self.min_masks)
        if self.equal_rows:
            batch["order"] = tf.random.stateless_uniform(frames.shape, order_key)
        return {**batch, "mask": tf.cast(mask, tf.int32)}

    def finish_batch(self, batch):
        """Makes rows equal, see the class."""
        batch = super().finish_batch(batch)
        return equalize_masks(batch) if self.equal_rows else batch


def equalize_masks(batch):
    """Unmasks random frames until all rows have as many masked frames as the row with the fewest.

    Args:
        batch: dict with mask int32 (B, F) and order float32 (B, F), random numbers in whose
            ascending order the frames of a row stay masked.

    Returns:
        The batch without `order`.
    """
    order = batch["order"]
    masked = batch["mask"] > 0
    rank = tf.argsort(tf.argsort(tf.where(masked, order, 2.0)))
    fewest = tf.reduce_min(tf.reduce_sum(batch["mask"], axis=1))
    kept = {name: value for name, value in batch.items() if name != "order"}
    return {**kept, "mask": tf.cast(masked & (rank < fewest), tf.int32)}
