"""Audio preprocessing inside a model: level, log-mel frames, mu-law codes and bytes."""

import functools
import math

import keras
import numpy as np
from keras import ops

from mmssl.layers.pooling import masked_moments

SILENCE = 1e-4  # root mean square below which a recording is not amplified any further
LOG_MEL_FLOOR = 1e-5  # of a band's magnitude; anything quieter counts as silence
TINY = 1e-14  # added under square roots, whose gradient is infinite at zero


@keras.saving.register_keras_serializable("mmssl")
class NormalizeLevel(keras.layers.Layer):
    """Scales every recording to a root mean square of one, so that level carries no information.

    Call arguments:
        inputs: pair of waveform (B, T) and padding_mask int32 (B, T).

    Returns:
        (B, T), zero in the padding.
    """

    def call(self, inputs):
        waveform, mask = inputs
        weights = ops.cast(mask, waveform.dtype)
        sound = ops.where(weights > 0, waveform, 0)
        samples = ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)
        power = ops.sum(ops.square(sound), axis=1, keepdims=True) / samples
        return sound / ops.maximum(ops.sqrt(power), SILENCE)

    def by(self, waveform, mean, variance):
        """Scales any part of a recording by the mean and the variance of the whole recording."""
        return waveform / ops.maximum(ops.sqrt(variance + mean**2), SILENCE)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("mmssl")
class StandardizeWaveform(keras.layers.Layer):
    """Standardizes every recording to zero mean and unit variance (wav2vec 2.0, section 4.2).

    Call arguments and returns: see NormalizeLevel.
    """

    def call(self, inputs):
        waveform, mask = inputs
        mean, variance = masked_moments(waveform[..., None], mask)
        return ops.where(mask > 0, self.by(waveform, mean[..., 0], variance[..., 0]), 0)

    def by(self, waveform, mean, variance):
        """Scales any part of a recording by the mean and the variance of the whole recording."""
        return (waveform - mean) / ops.maximum(ops.sqrt(variance), SILENCE)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("mmssl")
class LogMel(keras.layers.Layer):
    """Computes causal log-mel frames of a waveform: no frame sees a sample after its end.

    The Fourier transform is a convolution with fixed kernels: unlike Keras' own spectrograms it
    runs at any length on LiteRT without Flex, and in ONNX.

    Args:
        sample_rate: samples per second, above 0.
        num_mel_bins: number of mel bands, from 0 Hz to half the sample rate.
        window: length of a frame's Hann window, in samples.
        hop: samples between frames, at most `window`.

    Call arguments:
        waveform: float32 (B, T), full scale 1.

    Returns:
        float32 (B, T // hop, num_mel_bins): 0 for silence (magnitude 1e-5 or less), 1 for magnitude
        1. Frame f ends with sample `(f + 1) * hop - 1`; the signal is zero-padded on the left.

    Raises:
        ValueError: the hop is longer than the window, or a number is below 1.
    """

    def __init__(self, sample_rate=16000, num_mel_bins=64, window=512, hop=256, **kwargs):
        super().__init__(**kwargs)
        if min(sample_rate, num_mel_bins, hop) < 1 or hop > window:
            raise ValueError(
                f"LogMel(sample_rate={sample_rate}, num_mel_bins={num_mel_bins}, "
                f"window={window}, hop={hop}): all must be 1 or more, and hop at most window."
            )
        self.sample_rate, self.num_mel_bins, self.window, self.hop = (
            sample_rate,
            num_mel_bins,
            window,
            hop,
        )

    def build(self, input_shape):
        bins = self.window // 2 + 1
        turns = np.outer(np.arange(self.window), np.arange(bins)) / self.window
        fading = np.hanning(self.window + 1)[:-1, None]
        waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
        # A sine of full scale has magnitude 1 at its frequency.
        self._kernel = (2 * fading * waves / fading.sum())[:, None].astype("float32")
        self._to_mel = mel_matrix(self.num_mel_bins, bins, self.sample_rate)

    def call(self, waveform):
        return self.frames(ops.pad(waveform, ((0, 0), (self.window - self.hop, 0))))

    def frames(self, waveform):
        """Computes the frames of a waveform that begins `window - hop` samples before the first."""
        spectrum = ops.conv(waveform[..., None], self._kernel, self.hop)
        power = ops.square(spectrum)
        bins = self.window // 2 + 1
        magnitude = ops.sqrt(power[..., :bins] + power[..., bins:] + TINY)
        num_mel_bins = ops.maximum(ops.matmul(magnitude, self._to_mel), LOG_MEL_FLOOR)
        return 1.0 - ops.log(num_mel_bins) / math.log(LOG_MEL_FLOOR)

    def compute_output_shape(self, input_shape):
        rows, length = input_shape
        return (rows, None if length is None else length // self.hop, self.num_mel_bins)

    def get_config(self):
        sizes = {
            name: getattr(self, name) for name in ("sample_rate", "num_mel_bins", "window", "hop")
        }
        return {**super().get_config(), **sizes}


@functools.cache
def mel_matrix(num_mel_bins, bins, sample_rate):
    """Computes what turns magnitudes of a Fourier transform into those of mel bands.

    Args:
        num_mel_bins: number of mel bands, from 0 Hz to half the sample rate.
        bins: number of frequencies of the transform.
        sample_rate: samples per second.

    Returns:
        float32 array (bins, num_mel_bins).
    """
    matrix = keras.layers.MelSpectrogram().linear_to_mel_weight_matrix(
        num_mel_bins, bins, sample_rate, 0.0, sample_rate / 2
    )
    return ops.convert_to_numpy(matrix)


def mu_law_encode(waveform, levels=256):
    """Encodes samples by mu-law companding.

    With mu = levels - 1:

        f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu);   code = floor((f + 1) / 2 * mu + 0.5)

    Args:
        waveform: float32, any shape, full scale 1; clipped to [-1, 1].
        levels: number of codes, 2 or more.

    Returns:
        int32 of the same shape, 0 to levels - 1. Rounding makes the codes symmetric about zero:
        small positive samples map to levels / 2, small negative ones to levels / 2 - 1.

    Reference:
        ITU-T G.711; van den Oord et al. 2016, arXiv 1609.03499, section 2.2.
    """
    mu = levels - 1
    x = ops.clip(waveform, -1.0, 1.0)
    compressed = ops.sign(x) * ops.log1p(mu * ops.abs(x)) / math.log(levels)
    return ops.cast(ops.floor((compressed + 1) / 2 * mu + 0.5), "int32")


def mu_law_decode(codes, levels=256):
    """Decodes mu-law codes to samples, the midpoints of their quantization intervals.

    Args:
        codes: int32, any shape, 0 to levels - 1.
        levels: number of codes.

    Returns:
        float32 of the same shape, in [-1, 1]; none is exactly zero when `levels` is even.
    """
    mu = levels - 1
    compressed = 2 * ops.cast(codes, "float32") / mu - 1
    return ops.sign(compressed) * ops.expm1(ops.abs(compressed) * math.log(levels)) / mu


@keras.saving.register_keras_serializable("mmssl")
class MuLaw(keras.layers.Layer):
    """`mu_law_encode` as a layer.

    Args:
        levels: number of codes, 2 or more.

    Call arguments:
        waveform: float32 (B, T), full scale 1.

    Returns:
        int32 (B, T).
    """

    def __init__(self, levels=256, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels

    def call(self, waveform):
        return mu_law_encode(waveform, self.levels)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}


FULL_SCALE = 32768  # of 16-bit samples
BYTE = 256  # values


def split_bytes(waveform):
    """Splits 16-bit samples into two bytes (Kalchbrenner et al. 2018, arXiv 1802.08435).

    With u = round(32768 x) + 32768: coarse = floor(u / 256), fine = u mod 256. Silence is (128, 0).

    Args:
        waveform: float32, any shape, full scale 1; clipped to the range of 16 bits.

    Returns:
        Pair of int32 of the same shape, 0 to 255: the coarse and the fine bytes.
    """
    samples = ops.clip(ops.round(waveform * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    unsigned = ops.cast(samples + FULL_SCALE, "int32")
    return unsigned // BYTE, unsigned % BYTE


def join_bytes(coarse, fine):
    """Joins bytes to samples.

    Args:
        coarse: int32, any shape, 0 to 255.
        fine: int32, the same.

    Returns:
        float32 of the same shape, in [-1, 1), of which `split_bytes` makes the same bytes.
    """
    return ops.cast(BYTE * coarse + fine - FULL_SCALE, "float32") / FULL_SCALE


@keras.saving.register_keras_serializable("mmssl")
class SplitBytes(keras.layers.Layer):
    """`split_bytes` as a layer: from float32 (B, T) to a pair of int32 (B, T)."""

    def call(self, waveform):
        return split_bytes(waveform)
