"""Noise that is a function of keys, not of a generator's state."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class NoiseTable(keras.layers.Layer):
    """Looks up Gaussian vectors by keys that a pipeline draws.

    The vectors are drawn once, and a key names one of them. So the noise of an example is the
    same on any replica, on any backend and in a resumed run, at the cost of a look-up; a
    pipeline need not know how wide it is.

    Args:
        width: channels of a vector.
        deviation: standard deviation, 0 or more.
        vectors: how many there are.

    Call arguments:
        keys: int32 (...), 0 or more.

    Returns:
        (..., width).
    """

    def __init__(self, width, deviation=0.01, vectors=4096, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.deviation = deviation
        self.vectors = vectors
        self.table = self.add_weight(
            shape=(vectors, width),
            initializer=keras.initializers.RandomNormal(stddev=deviation),
            trainable=False,
            name="table",
        )

    def build(self, input_shape):
        """Has nothing to do: the constructor makes the table."""

    def call(self, keys):
        return ops.take(self.table, keys % self.vectors, axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.width)

    def get_config(self):
        own = {"width": self.width, "deviation": self.deviation, "vectors": self.vectors}
        return {**super().get_config(), **own}
