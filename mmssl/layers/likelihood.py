"""What a decoder that predicts distributions of values shows of them."""

import keras
from keras import ops

MARGIN = 0.1  # of values in [0, 1] to 0 and 1, where their logits are infinite


def with_margin(values):
    """Brings values in [0, 1] to [0.1, 0.9], where they have logits: x to 0.8 x + 0.1."""
    return (1.0 - 2.0 * MARGIN) * values + MARGIN


@keras.saving.register_keras_serializable("mmssl")
class LogitLaplaceMedian(keras.layers.Layer):
    """Returns the medians of logit-Laplace distributions, see `mmssl.losses.logit_laplace_nats`.

    Call arguments:
        parameters: (..., 2 C), locations, and behind them the logarithms of scales.

    Returns:
        (..., C), in [0, 1]: `with_margin` undone.
    """

    def call(self, parameters):
        locations = parameters[..., : parameters.shape[-1] // 2]
        values = (ops.sigmoid(locations) - MARGIN) / (1.0 - 2.0 * MARGIN)
        return ops.clip(values, 0.0, 1.0)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // 2)
