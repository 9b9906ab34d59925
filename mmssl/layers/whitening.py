"""A fixed affine map of embeddings."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class Whiten(keras.layers.Layer):
    """Takes a mean out of vectors and maps them linearly: y = (x - mean) kernel.

    The mean is taken out first, since x kernel and mean kernel would cancel out where vectors lie
    close together and far from the origin. Both are set by `set_weights`, and not trained.

    Args:
        components: K, number of dimensions of the result, 1 or more.

    Call arguments:
        vectors: (B, D).

    Returns:
        (B, K).

    Reference:
        Su, Cao, Liu, Ou 2021, arXiv 2103.15316.
    """

    def __init__(self, components, **kwargs):
        super().__init__(**kwargs)
        self.components = components

    def build(self, input_shape):
        width, fixed = input_shape[-1], {"initializer": "zeros", "trainable": False}
        self.mean = self.add_weight(shape=(width,), name="mean", **fixed)
        self.kernel = self.add_weight(shape=(width, self.components), name="kernel", **fixed)

    def call(self, vectors):
        return ops.matmul(vectors - self.mean, self.kernel)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.components)

    def get_config(self):
        return {**super().get_config(), "components": self.components}
