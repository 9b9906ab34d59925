"""Audio windows with masked spans, and distractors for each masked frame."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.span_masked import MaskedWindows
from mmssl.pipelines.masks.distractors import distractors


class ContrastedWindows(MaskedWindows):
    """`MaskedWindows` in which each masked frame is to be told from others of its window.

    Batches also hold distractors int32 (B, F, K), frames, see `distractors`; and noise int32
    (B, F), keys of what a quantizer draws for each frame.

    Args:
        source: see `MaskedWindows`.
        num_distractors: K, 1 or more.
        min_masks: minimum number of spans per window, 1 or more.
        **kwargs: see `MaskedWindows`.

    Raises:
        ValueError: when an argument is out of range.

    References:
        Baevski, Zhou, Mohamed, Auli 2020, arXiv 2006.11477, section 3.2.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        num_distractors: int = 100,
        min_masks: int = 2,
        **kwargs,
    ):
        super().__init__(source, min_masks=min_masks, **kwargs)
        if num_distractors < 1:
            raise ValueError(f"num_distractors={num_distractors} must be 1 or more")
        self.num_distractors = num_distractors

    def example(self, index, key):
        """Makes one training element, see the class."""
        window_key, draw_key, noise_key = tf.unstack(tf.random.split(key, 3))
        batch, frames = super().example(index, window_key), self.frame_count()
        limits = {"minval": None, "maxval": None, "dtype": tf.int32}  # all of them
        return {
            **batch,
            "draws": tf.random.stateless_uniform([frames, self.num_distractors], draw_key),
            "noise": tf.random.stateless_uniform([frames], noise_key, **limits),
        }

    def finish_batch(self, batch):
        """Draws the distractors, once it is settled which frames are masked."""
        batch = super().finish_batch(batch)
        draws = batch.pop("draws")
        return {**batch, "distractors": distractors(batch["mask"], draws)}
