"""Dense layers over all values of a picture, as of the classic autoencoders."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.layers import Standardize


def dense_encoder(
    size: int = 28,
    gray: bool = True,
    widths: tuple[int, ...] = (500,),
    activation: Literal["sigmoid", "tanh", "relu", "linear"] = "sigmoid",
    standardize: bool = False,
) -> keras.Model:
    """Builds a stack of dense layers over the values of a picture.

    Args:
        size: height and width of the images in pixels.
        gray: average the three channels; else each pixel has three values.
        widths: units of each layer, which is one block.
        activation: of every layer.
        standardize: subtract a mean from each value and divide by a deviation; 0 and 1 until a
            method that needs it computes them from data.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features` and `embedding`
        (B, widths[-1]), which are the same.

    Raises:
        ValueError: there is no layer, a width is below 1, or the activation is unknown.
    """
    check_choices(dense_encoder, activation=activation)
    if not widths or min(widths) < 1:
        raise ValueError(f"dense_encoder(widths=...) must be one or more, from 1; got {widths}.")
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    if gray:
        pixels = keras.layers.Reshape((size * size, 3), dtype="float32")(images)
        mean = keras.layers.GlobalAveragePooling1D("channels_first", name="values", dtype="float32")
        x = mean(pixels)
    else:
        x = keras.layers.Flatten("channels_last", name="values", dtype="float32")(images)
    if standardize:
        x = Standardize(name="standardize", dtype="float32")(x)
    for number, width in enumerate(widths, start=1):
        x = keras.layers.Dense(width, activation=activation, name=f"block_{number}")(x)
    embedding = keras.layers.Flatten(name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="dense_encoder"
    )
