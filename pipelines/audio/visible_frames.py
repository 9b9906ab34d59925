"""Windows of sound with several sets of visible frames each."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.frame_windows import FrameWindows
from mmssl.pipelines.masks.ratio import check_mask_ratio
from mmssl.pipelines.masks.spans import expected_mask_ratio, frame_spans, span_count
from mmssl.pipelines.masks.visible import check_num_masks, visible_count, visible_set


class VisibleFrames(FrameWindows):
    """Windows of sound of which spans of frames are hidden, in several ways.

    Batches hold, beside waveform and padding_mask, visible int32 (B, M, V), masked and noise int32
    (B, M, F - V): see `visible_sets.visible_set`. The official code draws spans and then thins
    them out to the row of a batch that hides fewest; here every row hides the share that spans
    hide on average, and is corrected by single frames, so that rows do not depend on each other.

    Args:
        source: see `FrameWindows`.
        num_masks: M, sets of visible frames for each window, 1 or more.
        mask_ratio: share of the frames that the spans would hide if none overlapped, above 0 and
            below 1; 0.5 in spans of 5 hides 41 %.
        span: frames of a span, 1 or more.
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
        sound_key, span_key, set_key = tf.unstack(tf.random.experimental.stateless_split(key, 3))
        hidden = frame_spans(self._frames, self.span, self._spans, self.num_masks, span_key)
        return {
            **super().example(index, sound_key),
            **visible_set(~hidden, self._visible, set_key),
        }
