"""Learned scales of what a block adds."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class LayerScale(keras.layers.Layer):
    """Multiplies each channel by a weight of its own that begins small.

    A deep network of pre-norm blocks then starts as nearly the identity (Touvron et al. 2021,
    2103.17239).

    Args:
        initial: value that the weights start at, above 0.

    Call arguments:
        x: (..., C).

    Returns:
        The same shape.
    """

    def __init__(self, initial=1e-4, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        start = keras.initializers.Constant(self.initial)
        self.scale = self.add_weight((input_shape[-1],), initializer=start, name="scale")

    def call(self, x):
        return x * ops.cast(self.scale, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "initial": self.initial}
