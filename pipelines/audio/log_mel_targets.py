"""Audio windows beside their log-mel frames, for autoencoders."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.audio.log_mel import log_mel
from mmssl.pipelines.audio.target_windows import TargetWindows
from mmssl.pipelines.masks.corruption import Corruption, check_corruption, corrupt

_NOISE = 5  # keeps the draws of the noise independent of those of the window


class LogMelTargets(TargetWindows):
    """`AudioWindows`, corrupted, beside the log-mel frames of what they were.

    In addition to waveform, which is corrupted, and padding_mask, batches hold target float32
    (B, frames, num_mel_bins), see `mmssl.pipelines.audio.log_mel.log_mel`, and corrupted of that
    shape, 1 for frames of whose samples some were chosen, 0 for others.

    Args:
        source: see `AudioWindows`.
        sample_rate: see `AudioWindows`.
        window: samples per element, a multiple of `hop`.
        batch_size: see `AudioWindows`.
        num_mel_bins: bands of a frame.
        hop: samples of a frame.
        corruption: `gaussian` adds noise, `masking` silences frames, `salt_and_pepper` sets samples
            to -1 or 1; `none`.
        amount: standard deviation of the noise, full scale being 1; else the share of frames or
            samples, 0 to 1.
        **kwargs: see `AudioWindows`.
    """

    def __init__(
        self,
        source: Any = "builtin:speech",
        sample_rate: int = 8000,
        window: int = 8192,
        batch_size: int = 32,
        num_mel_bins: int = 64,
        hop: int = 128,
        corruption: Corruption = "gaussian",
        amount: float = 0.01,
        **kwargs,
    ):
        super().__init__(source, sample_rate, window, batch_size, **kwargs)
        check_corruption(corruption, amount)
        if hop < 1 or window % hop:
            raise ValueError(f"window={window} must be a multiple of hop={hop} samples")
        if num_mel_bins < 1:
            raise ValueError(f"num_mel_bins={num_mel_bins} must be 1 or more")
        self.num_mel_bins = num_mel_bins
        self.hop = hop
        self.corruption = corruption
        self.amount = amount

    def element(self, inputs, key):
        """Corrupts a window.

        Args:
            inputs: dict of waveform float32 (window,) and padding_mask int32 (window,).
            key: int64 (2,), the seed.

        Returns:
            dict of tensors.
        """
        clean = inputs["waveform"]
        target = log_mel(clean, self.sample_rate, self.num_mel_bins, self.hop)
        key = tf.random.experimental.stateless_fold_in(key, _NOISE)
        noisy, chosen = self._corrupted(tf.reshape(clean, [-1, self.hop]), key)
        sound = tf.cast(inputs["padding_mask"], tf.float32)
        return {
            **inputs,
            "waveform": tf.reshape(noisy, [-1]) * sound,
            "target": tf.ensure_shape(target, self.target_shape()),
            "corrupted": tf.tile(chosen, [1, self.num_mel_bins]),
        }

    def _corrupted(self, frames, key):
        """Corrupts samples (frames, hop); returns them and what was chosen, (frames, 1)."""
        if self.corruption == "masking":
            ones = tf.ones([frames.shape[0], 1])
            kept, chosen = corrupt(ones, "masking", self.amount, key)
            return frames * kept, chosen
        spread = 2.0 if self.corruption == "salt_and_pepper" else 1.0  # from [0, 1] to [-1, 1]
        middle = 0.5 * (spread - 1.0)
        noisy, chosen = corrupt(frames / spread + middle, self.corruption, self.amount, key)
        return (noisy - middle) * spread, tf.reduce_max(chosen, axis=-1, keepdims=True)

    def target_shape(self):
        """Returns the shape of a target."""
        return (self.window // self.hop, self.num_mel_bins)
