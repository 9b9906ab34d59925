"""Heads whose dot products are scores: of a picture's vector with those of its places."""

from typing import Literal

import keras

from mmssl.encoders.parts.normalization import batch_normalization

MOMENTUM = 0.9  # of batch norm's moving statistics
FAINT = 0.01  # largest weight of the shortcut off its diagonal, at first


def score_head(
    inputs: int, width: int, norm: Literal["batch", "layer"], name: str | None = None
) -> keras.Model:
    """Builds a residual layer for vectors of whole pictures or of each place alike.

        norm(W_2 relu(W_1 x) + W_0 x + b)

    It begins close to the identity: W_2 at zero, and W_0, where `width` is not less than `inputs`,
    at ones on its diagonal and next to nothing elsewhere.

    Args:
        inputs: width of the vectors.
        width: of the result.
        norm: `batch` norm or `layer` norm.
        name: of the model.

    Returns:
        keras.Model from (..., inputs) of two axes or more to float32 (..., width).
    """
    vectors = keras.Input((None, inputs))
    hidden = keras.layers.Dense(width, use_bias=False, kernel_initializer="he_normal")(vectors)
    if norm == "batch":
        normalized = batch_normalization(MOMENTUM, dtype="float32")
    else:
        normalized = keras.layers.LayerNormalization(epsilon=1e-5, dtype="float32")
    hidden = keras.layers.ReLU()(hidden)
    branch = keras.layers.Dense(width, use_bias=False, kernel_initializer="zeros")(hidden)
    shortcut = keras.layers.Dense(
        width, kernel_initializer=_near_identity if width >= inputs else "glorot_uniform"
    )(vectors)
    x = normalized(keras.layers.Add(dtype="float32")([branch, shortcut]))
    return keras.Model(vectors, x, name=name)


def _near_identity(shape, dtype=None):
    faint = keras.initializers.RandomUniform(-FAINT, FAINT)(shape, dtype=dtype)
    eye = keras.ops.eye(*shape, dtype=dtype)
    return faint * (1 - eye) + eye
