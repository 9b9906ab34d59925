"""What stands in place of what is masked."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class MaskToken(keras.layers.Layer):
    """Replaces the masked tokens of a sequence by one learned vector.

    Args:
        stddev: of the normal distribution that the vector is drawn from.

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
        # Where, not a product: what is hidden must not matter, even if it is infinite.
        return ops.where(mask[..., None] > 0, ops.cast(self.token, tokens.dtype), tokens)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable("mmssl")
class MaskFill(keras.layers.Layer):
    """Replaces the hidden pixels of pictures by one color and leaves the others as they are.

    The color is a weight that is not trained: gray until it is assigned the data's mean.

    Call arguments:
        inputs: pair of images float32 (B, H, W, 3) in [0, 1] and mask (B, H, W, 1), 1 where hidden.

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
        """Has nothing to do: the constructor makes the color."""

    def call(self, inputs):
        images, mask = inputs
        return ops.where(mask > 0.5, ops.convert_to_tensor(self.color), images)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable("mmssl")
class NoiseTable(keras.layers.Layer):
    """Looks up Gaussian vectors by keys that a pipeline draws.

    The vectors are drawn once, and a key names one of them. So the noise of an example is the
    same on any replica, on any backend and in a resumed run, at the cost of a look-up; a
    pipeline need not know how wide it is.

    Args:
        width: channels of a vector.
        stddev: standard deviation, 0 or more.
        vectors: how many there are.

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
        """Has nothing to do: the constructor makes the table."""

    def call(self, keys):
        return ops.take(self.table, keys % self.vectors, axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.width)

    def get_config(self):
        own = {"width": self.width, "stddev": self.stddev, "vectors": self.vectors}
        return {**super().get_config(), **own}
