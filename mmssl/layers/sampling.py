"""Values of maps between their places."""

import keras
from keras import ops

from mmssl.layers.positions import bicubic_matrix
from mmssl.layers.tokens import gather_tokens


def bilinear_samples(maps, places):
    """Samples feature maps at some places, linearly between the four around each.

    Gradients flow to these alone. Places outside of a map are moved to its border.

    Args:
        maps: (B, H, W, C).
        places: float32 (B, P, 2), row and column, 0 the middle of the first.

    Returns:
        (B, P, C).
    """
    _, height, width, channels = maps.shape
    last = ops.convert_to_tensor([height - 1.0, width - 1.0])
    places = ops.clip(places, 0.0, last)
    low = ops.minimum(ops.floor(places), ops.maximum(last - 1.0, 0.0))
    part = places - low
    rows, columns = (ops.cast(low[..., axis], "int32") for axis in (0, 1))
    down, right = int(height > 1), int(width > 1)
    corners = [(0, 0), (0, right), (down, 0), (down, right)]
    index = ops.stack([(rows + r) * width + columns + c for r, c in corners], axis=1)
    tokens = ops.reshape(maps, (-1, height * width, channels))
    around = ops.reshape(gather_tokens(tokens, index), (-1, 4, index.shape[-1], channels))
    down, right = part[..., 0], part[..., 1]
    shares = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    shares = ops.cast(ops.stack(shares, axis=1)[..., None], maps.dtype)
    return ops.sum(around * shares, axis=1)


@keras.saving.register_keras_serializable("mmssl")
class Enlarge(keras.layers.Layer):
    """Enlarges images by bicubic interpolation; see `mmssl.layers.positions.bicubic_matrix`.

    Args:
        scale: int, how many times as large the sides become, 1 or more.

    Call arguments:
        images: (B, H, W, C), H and W known.

    Returns:
        float32 (B, scale * H, scale * W, C).
    """

    def __init__(self, scale, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.scale = scale

    def call(self, images):
        if self.scale == 1:
            return images
        return enlarge(images, self.scale)

    def compute_output_shape(self, input_shape):
        rows, height, width, channels = input_shape
        return (rows, self.scale * height, self.scale * width, channels)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


def enlarge(images, scale):
    """Enlarges images by bicubic interpolation, in products of matrices.

    Args:
        images: float32 (B, H, W, C), H and W known.
        scale: int, how many times as large the sides become.

    Returns:
        float32 (B, scale * H, scale * W, C).
    """
    _, height, width, channels = images.shape
    down, right = (bicubic_matrix(scale * side, side) for side in (height, width))
    tall = ops.matmul(down, ops.reshape(images, (-1, height, width * channels)))
    wide = ops.matmul(right, ops.reshape(tall, (-1, width, channels)))
    return ops.reshape(wide, (-1, scale * height, scale * width, channels))
