"""Audio windows with several sets of visible frames each."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.frame_windows import FrameWindows
from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.masks.spans import expected_mask_ratio, frame_spans, span_count
from mmssl.pipelines.masks.visible import check_num_masks, visible_count, visible_set


class VisibleFrames(FrameWindows):
    """Audio windows with several masks each, over spans of frames.

    In addition to waveform and padding_mask, batches hold visible int32 (B, M, V), masked and
    noise int32 (B, M, F - V): see `visible.visible_set`. The official code draws spans and then
    unmasks frames down to the row of the batch with the fewest; here every row masks the fraction
    that spans mask on average, and single frames make up the difference, so that rows do not
    depend on each other.

    Args:
        source: see `FrameWindows`.
        num_masks: M, sets of visible frames for each window, 1 or more.
        mask_ratio: fraction of the frames that the spans would mask if none overlapped, above 0
            and below 1; 0.5 in spans of 5 masks 41 %.
        span: frames per span, 1 or more.
        **kwargs: see `FrameWindows`.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        num_masks: int = 8,
        mask_ratio: float = 0.5,
        span: int = 5,
        **kwargs,
    ):
        super().__init__(source, **kwargs)
        check_num_masks(num_masks)
        check_mask_ratio(mask_ratio)
        self.check_span(span)
        self.num_masks = num_masks
        self.span = span
        self._frames = self.frame_count()
        self._spans = span_count(self._frames, span, mask_ratio)
        self._visible = visible_count(self._frames, expected_mask_ratio(span, mask_ratio))

    def example(self, index, key):
        """Makes one training element, see the class."""
        window_key, span_key, set_key = tf.unstack(tf.random.experimental.stateless_split(key, 3))
        masked = frame_spans(self._frames, self.span, self._spans, self.num_masks, span_key)
        return {
            **super().example(index, window_key),
            **visible_set(~masked, self._visible, set_key),
        }
