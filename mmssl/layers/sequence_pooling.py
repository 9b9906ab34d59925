"""Pooling of sequences by what is largest, and by weights that are learned."""

import keras
from keras import ops

LOW = -1e9  # below all features
LEAST_WEIGHT = 1e-8  # of a sequence


@keras.saving.register_keras_serializable("mmssl")
class MaskedMax(keras.layers.Layer):
    """Takes the largest value of each channel over the unmasked frames.

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F), 1 for frames that count.

    Returns:
        (B, C); zeros for an example in which no frame counts.
    """

    def call(self, inputs):
        features, mask = inputs
        counts = mask[..., None] > 0
        largest = ops.max(ops.where(counts, features, LOW), axis=1)
        return ops.where(ops.any(counts, axis=1), largest, 0)

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], features[-1])


@keras.saving.register_keras_serializable("mmssl")
class WeightedMean(keras.layers.Layer):
    """Averages a sequence over its unmasked frames, each weighted by what is in it.

        sum_t w_t x_t / (sum_t w_t + 1e-8),    w_t = sigmoid(x_t . v)

    v is learned.

    Call arguments:
        inputs: pair of features (B, F, C) and mask int32 (B, F), 1 for frames that count.

    Returns:
        (B, C); zeros for an example in which no frame counts.

    Reference:
        Husain et al. 2019, arXiv 1909.09436 (`weighted_mean` of its code).
    """

    def build(self, input_shape):
        features, _ = input_shape
        self.direction = self.add_weight((features[-1], 1), name="direction")

    def call(self, inputs):
        features, mask = inputs
        counts = mask[..., None] > 0
        # `where`, not a product: a padding frame must not matter even if it is infinite.
        features = ops.where(counts, features, 0)
        weights = ops.where(counts, ops.sigmoid(ops.matmul(features, self.direction)), 0)
        return ops.sum(features * weights, axis=1) / (ops.sum(weights, axis=1) + LEAST_WEIGHT)

    def compute_output_shape(self, input_shape):
        features, _ = input_shape
        return (features[0], features[-1])
