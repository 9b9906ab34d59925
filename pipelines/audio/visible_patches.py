"""Audio windows with several sets of visible patches of their spectrogram each."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.windows import AudioWindows
from mmssl.pipelines.masks.visible import check_num_masks, visible_count, visible_set

_SETS = 2  # keeps the draws of the sets independent of those of the window


class SpectrogramPatches(AudioWindows):
    """Audio windows with several masks each over the patches of a log-mel spectrogram.

    In addition to waveform and padding_mask, batches hold visible int32 (B, M, V) and masked int32
    (B, M, T - V), positions of patches: those of one stretch of time next to each other, low bands
    first. T = window / (hop * patch_size) * num_mel_bins / patch_size, V = int(T (1 - mask_ratio)).
    Any patches are as likely to be masked as any others.

    Args:
        source: see `AudioWindows`.
        sample_rate: see `AudioWindows`.
        window: samples per element, a multiple of `hop * patch_size`.
        batch_size: see `AudioWindows`.
        num_mel_bins: bands of a frame, a multiple of `patch_size`; the encoder takes them, `hop`
            and `patch_size` from here.
        hop: samples from one frame to the next.
        patch_size: frames, and bands, of a patch.
        num_masks: M, sets of visible patches for each window, 1 or more.
        mask_ratio: fraction of the patches to mask, above 0 and below 1.
        **kwargs: see `AudioWindows`.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        sample_rate: int = 8000,
        window: int = 8192,
        batch_size: int = 32,
        num_mel_bins: int = 64,
        hop: int = 128,
        patch_size: int = 8,
        num_masks: int = 1,
        mask_ratio: float = 0.8,
        **kwargs,
    ):
        super().__init__(source, sample_rate, window, batch_size, **kwargs)
        check_num_masks(num_masks)
        if min(hop, patch_size) < 1 or window % (hop * patch_size):
            raise ValueError(
                f"window={window} must be a multiple of hop={hop} times patch_size={patch_size}, "
                f"{hop * patch_size} samples"
            )
        if num_mel_bins < 1 or num_mel_bins % patch_size:
            raise ValueError(
                f"num_mel_bins={num_mel_bins} must be a multiple of patch_size={patch_size}"
            )
        self.num_mel_bins = num_mel_bins
        self.hop = hop
        self.patch_size = patch_size
        self.num_masks = num_masks
        self._patches = window // (hop * patch_size) * (num_mel_bins // patch_size)
        self._visible = visible_count(self._patches, mask_ratio)

    def encoder_arguments(self):
        """Returns the encoder's arguments that cut recordings into patches."""
        sizes = {name: getattr(self, name) for name in ("num_mel_bins", "hop", "patch_size")}
        return {**super().encoder_arguments(), **sizes}

    def masked(self, inputs, key):
        """Draws the sets of a window.

        Args:
            inputs: dict of tensors, the window.
            key: int64 (2,), the seed.

        Returns:
            dict of the inputs, visible int32 (M, V) and masked int32 (M, T - V).
        """
        key = tf.random.experimental.stateless_fold_in(key, _SETS)
        none_before = tf.zeros([self.num_masks, self._patches], tf.bool)
        drawn = visible_set(none_before, self._visible, key)
        return {**inputs, "visible": drawn["visible"], "masked": drawn["masked"]}

    def example(self, index, key):
        return self.masked(super().example(index, key), key)

    def masked_examples(self, source, batch_size=64):
        """Returns the middle of every clip with its sets, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: clips per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts of waveform, padding_mask, visible and masked.
        """
        return self.fixed_windows(source, self.masked, batch_size)
