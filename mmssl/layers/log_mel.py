"""Log-mel frames of a waveform, inside a model."""

import keras
import numpy as np
from keras import ops

FLOOR = 1e-5  # of a band's magnitude; quieter is silence
TINY = 1e-14  # under roots, which have no gradient at zero


@keras.saving.register_keras_serializable("mmssl")
class LogMel(keras.layers.Layer):
    """Turns a waveform into log-mel frames, each of samples that are over at its end.

    The Fourier transform is a convolution with fixed kernels: unlike Keras' own spectrograms it
    runs at any length on LiteRT without Flex, and in ONNX.

    Args:
        sample_rate: samples per second, above 0.
        bands: mel bands, from 0 to half the sample rate.
        window: samples that a frame looks at, under a Hann window.
        hop: samples between frames, at most `window`.

    Call arguments:
        waveform: float32 (B, T), full scale 1.

    Returns:
        float32 (B, T // hop, bands): 0 for silence (1e-5 and less), 1 for magnitude 1. Frame f
        ends with sample `(f + 1) * hop - 1`; before the first sample is silence.

    Raises:
        ValueError: the hop is longer than the window, or a number is below 1.
    """

    def __init__(self, sample_rate=16000, bands=64, window=512, hop=256, **kwargs):
        super().__init__(**kwargs)
        if min(sample_rate, bands, hop) < 1 or hop > window:
            raise ValueError(
                f"LogMel(sample_rate={sample_rate}, bands={bands}, window={window}, hop={hop}): "
                "all are 1 or more, and the hop at most the window."
            )
        self.sample_rate, self.bands, self.window, self.hop = sample_rate, bands, window, hop

    def build(self, input_shape):
        bins = self.window // 2 + 1
        turns = np.outer(np.arange(self.window), np.arange(bins)) / self.window
        fading = np.hanning(self.window + 1)[:-1, None]
        waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
        # A sine of full scale has magnitude 1 at its frequency.
        self._kernel = (2 * fading * waves / fading.sum())[:, None].astype("float32")
        matrix = keras.layers.MelSpectrogram().linear_to_mel_weight_matrix(
            self.bands, bins, self.sample_rate, 0.0, self.sample_rate / 2
        )
        self._to_mel = ops.convert_to_numpy(matrix)

    def call(self, waveform):
        waveform = ops.pad(waveform, ((0, 0), (self.window - self.hop, 0)))
        spectrum = ops.conv(waveform[..., None], self._kernel, self.hop)
        power = ops.square(spectrum)
        bins = self.window // 2 + 1
        magnitude = ops.sqrt(power[..., :bins] + power[..., bins:] + TINY)
        bands = ops.maximum(ops.matmul(magnitude, self._to_mel), FLOOR)
        return 1.0 - ops.log(bands) / np.log(FLOOR)

    def compute_output_shape(self, input_shape):
        rows, length = input_shape
        return (rows, None if length is None else length // self.hop, self.bands)

    def get_config(self):
        sizes = {name: getattr(self, name) for name in ("sample_rate", "bands", "window", "hop")}
        return {**super().get_config(), **sizes}
