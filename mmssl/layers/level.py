"""Level of recordings."""

import keras
from keras import ops

from mmssl.layers.pooling import masked_moments

SILENCE = 1e-4  # root mean square below which a recording is not amplified any further


@keras.saving.register_keras_serializable("mmssl")
class NormalizeLevel(keras.layers.Layer):
    """Brings every recording to a root mean square of one, so that its level tells nothing.

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

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("mmssl")
class StandardizeWaveform(keras.layers.Layer):
    """Brings every recording to a mean of zero and a variance of one (wav2vec 2.0, section 4.2).

    Call arguments and returns: see NormalizeLevel.
    """

    def call(self, inputs):
        waveform, mask = inputs
        mean, variance = masked_moments(waveform[..., None], mask)
        centred = waveform - mean[..., 0]
        scaled = centred / ops.maximum(ops.sqrt(variance[..., 0]), SILENCE)
        return ops.where(mask > 0, scaled, 0)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
