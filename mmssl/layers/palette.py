"""The palette of a picture: each pixel as the number of its nearest color."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class Palette(keras.layers.Layer):
    """Replaces each pixel of pictures with the number of the nearest of K colors.

        k = argmin_j |x - c_j|^2,   x and c_j in [-1, 1]^3

    The colors are a non-trainable weight, random until `learn` sets them. It computes in float32.

    Args:
        colors: K, 1 or more.

    Call arguments:
        images: float32 (B, H, W, 3) in [0, 1], H and W known.

    Returns:
        int32 (B, H * W), row by row.

    Reference:
        Chen et al. 2020, "Generative pretraining from pixels".
    """

    def __init__(self, colors, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if colors < 1:
            raise ValueError(f"Palette(colors={colors}) must be 1 or more.")
        self.colors = colors
        self.table = self.add_weight(
            shape=(colors, 3),
            initializer=keras.initializers.RandomUniform(-1.0, 1.0),
            trainable=False,
            name="table",
        )

    def build(self, input_shape):
        """Does nothing: the constructor creates the colors."""

    def call(self, images):
        _, height, width, channels = images.shape
        pixels = ops.reshape(2.0 * images - 1.0, (-1, height * width, channels))
        # Channel by channel: a product of matrices may be computed in fewer bits than colors take.
        apart = sum(
            ops.square(pixels[:, :, channel, None] - self.table[:, channel])
            for channel in range(channels)
        )
        # Not ops.argmin, which tells zeros apart by their bits, as LiteRT cannot.
        nearest = ops.min(apart, axis=-1, keepdims=True)
        numbers = ops.where(apart <= nearest, ops.arange(self.colors, dtype="float32"), self.colors)
        return ops.cast(ops.min(numbers, axis=-1), "int32")

    def compute_output_spec(self, images):
        rows, height, width, _ = images.shape
        return keras.KerasTensor((rows, height * width), dtype="int32")

    def learn(self, pixels, seed=0):
        """Sets the colors to the centers of k-means, rounded to 8 bits.

        Of fewer different pixels than K, each is a color, and the last one is repeated.

        Args:
            pixels: float array (N, 3) in [0, 1], N 1 or more.
            seed: of the first centers.
        """
        from sklearn.cluster import KMeans

        levels, counts = np.unique(np.rint(255 * pixels), axis=0, return_counts=True)
        if len(levels) > self.colors:
            found = KMeans(self.colors, n_init=1, max_iter=100, random_state=seed)
            levels = np.rint(found.fit(levels, sample_weight=counts).cluster_centers_)
        missing = [(0, self.colors - len(levels)), (0, 0)]
        self.table.assign(np.pad(levels, missing, mode="edge") / 127.5 - 1.0)

    def lookup(self, codes):
        """Returns the colors of numbers.

        Args:
            codes: int array (...), below K.

        Returns:
            uint8 array (..., 3).
        """
        levels = np.rint(127.5 * (ops.convert_to_numpy(self.table) + 1.0))
        return np.clip(levels, 0, 255).astype("uint8")[np.asarray(codes)]

    def get_config(self):
        return {**super().get_config(), "colors": self.colors}
