"""A dense layer that scores against directions."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class UnitDense(keras.layers.Layer):
    """Dense layer without bias whose weight vectors count by their direction alone.

        y_k = x . v_k / |v_k|

    This is weight normalisation with a gain of one (Salimans, Kingma 2016, arXiv 1602.07868).

    Args:
        units: number of directions.

    Call arguments:
        x: (B, D).
        frozen: bool scalar; while it holds the directions get no gradient, and x does.

    Returns:
        (B, units).
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        # Only directions matter: at this size a step turns them as much as it turns torch's.
        start = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape, initializer=start, name="kernel")

    def call(self, x, frozen=False):
        directions = ops.normalize(self.kernel, axis=0)
        held = ops.where(frozen, ops.stop_gradient(directions), directions)
        return ops.matmul(x, held)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
