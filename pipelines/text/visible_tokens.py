"""Passages of text with several sets of visible tokens each."""

import tensorflow as tf

from mmssl.pipelines.masks.visible import check_num_masks, visible_count, visible_set
from mmssl.pipelines.text.passages import Passages


class VisibleTokens(Passages):
    """Running text [CLS] text [SEP] with several random masks each.

    A batch holds token_ids and padding_mask int32 (B, L), unmasked, and visible int32 (B, M, V),
    masked and noise int32 (B, M, L - V): see `visible.visible_set`. Any of the L positions may be
    masked, so of a text that is shorter than L the same fraction is masked, on average.

    Args:
        source: see `Passages`.
        length: L, tokens per example including special tokens, 8 or more.
        num_masks: M, sets of visible tokens for each passage, 1 or more.
        mask_ratio: fraction of the tokens to mask, above 0 and below 1.
        short_probability: probability of a random shorter target length, 0 to 1.
        batch_size: see `Passages`.
        **kwargs: see `Passages`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source="builtin:docs",
        length=512,
        num_masks=8,
        mask_ratio=0.48,
        short_probability=0.0,
        batch_size=32,
        **kwargs,
    ):
        super().__init__(
            source, length, short_probability=short_probability, batch_size=batch_size, **kwargs
        )
        check_num_masks(num_masks)
        self.num_masks = num_masks
        self._visible = visible_count(length, mask_ratio)

    def example(self, index, key):
        """Makes one training element, see the class."""
        set_key = tf.random.split(key, 2)[1]
        rough = tf.zeros([self.num_masks, self.length], tf.bool)
        return {
            **super().example(index, key),
            **visible_set(rough, self._visible, set_key),
        }
