"""Layers that replace masked tokens and pixels."""

import keras
from keras import ops

from mmssl.layers.tokens import scatter_tokens


@keras.saving.register_keras_serializable("mmssl")
class MaskToken(keras.layers.Layer):
    """Replaces the masked tokens of a sequence with a learned vector.

    Args:
        stddev: standard deviation of the truncated normal distribution that initializes the vector.

    Call arguments:
        inputs: pair of tokens (B, T, C) and mask (B, T), above 0 where a token is replaced.

    Returns:
        (B, T, C).
    """

    def __init__(self, stddev=0.02, **kwargs):
        super().__init__(**kwargs)
        self.stddev = stddev

    def build(self, input_shape):
        tokens, _ = input_shape
        start = keras.initializers.TruncatedNormal(stddev=self.stddev)
        self.token = self.add_weight((tokens[-1],), initializer=start, name="token")

    def call(self, inputs):
        tokens, mask = inputs
        # `where`, not a product: a masked token must not matter even if it is infinite.
        return ops.where(mask[..., None] > 0, ops.cast(self.token, tokens.dtype), tokens)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable("mmssl")
class FillGaps(keras.layers.Layer):
    """Puts visible tokens at their positions, and a learned vector at all others.

    Args:
        stddev: standard deviation of the normal distribution that initializes the vector.

    Call arguments:
        inputs: tokens (N, V, C), their positions int32 (N, V), and the other positions int32
            (N, T - V); together every position from 0 to T - 1 exactly once.

    Returns:
        (N, T, C).
    """

    def __init__(self, stddev=0.02, **kwargs):
        super().__init__(**kwargs)
        self.stddev = stddev

    def build(self, input_shape):
        tokens, _, _ = input_shape
        start = keras.initializers.RandomNormal(stddev=self.stddev)
        self.token = self.add_weight((tokens[-1],), initializer=start, name="token")

    def call(self, inputs):
        tokens, visible, masked = inputs
        gaps = ops.broadcast_to(self.token, (*ops.shape(masked), tokens.shape[-1]))
        return scatter_tokens(tokens, gaps, visible, masked)

    def compute_output_shape(self, input_shape):
        (rows, seen, width), _, (_, hidden) = input_shape
        return (rows, None if None in (seen, hidden) else seen + hidden, width)

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable("mmssl")
class MaskFill(keras.layers.Layer):
    """Fills the masked pixels of images with one color and leaves the others unchanged.

    The color is a non-trainable weight: gray until it is set to the mean of the data.

    Call arguments:
        inputs: pair of images float32 (B, H, W, 3) in [0, 1] and mask (B, H, W, 1), 1 where masked.

    Returns:
        float32 (B, H, W, 3).
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.color = self.add_weight(
            shape=(3,),
            initializer=keras.initializers.Constant(0.5),
            trainable=False,
            name="color",
        )

    def build(self, input_shape):
        """Does nothing: the constructor creates the color."""

    def call(self, inputs):
        images, mask = inputs
        return ops.where(mask > 0.5, ops.convert_to_tensor(self.color), images)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("mmssl")
class NoiseTable(keras.layers.Layer):
    """Looks up Gaussian noise vectors by keys that the input pipeline draws.

    The vectors are drawn once, and a key selects one of them. The noise of an example is thus the
    same on any replica, on any backend and in a resumed run, at the cost of a lookup, and the
    pipeline need not know its width.

    Args:
        width: channels of a vector.
        stddev: standard deviation, 0 or more.
        vectors: number of vectors in the table.

    Call arguments:
        keys: int32 (...), 0 or more.

    Returns:
        (..., width).
    """

    def __init__(self, width, stddev=0.01, vectors=4096, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.stddev = stddev
        self.vectors = vectors
        self.table = self.add_weight(
            shape=(vectors, width),
            initializer=keras.initializers.RandomNormal(stddev=stddev),
            trainable=False,
            name="table",
        )

    def build(self, input_shape):
        """Does nothing: the constructor creates the table."""

    def call(self, keys):
        return ops.take(self.table, keys % self.vectors, axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.width)

    def get_config(self):
        own = {"width": self.width, "stddev": self.stddev, "vectors": self.vectors}
        return {**super().get_config(), **own}
