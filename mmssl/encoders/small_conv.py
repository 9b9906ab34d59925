"""A small convolutional encoder of small images."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.normalization import batch_normalization

MOMENTUM = 0.9  # of batch norm's moving statistics


def small_conv_encoder(
    size: int = 28,
    channels: tuple[int, ...] = (32, 64, 128, 128),
    strides: tuple[int, ...] = (1, 2, 2, 2),
    norm: Literal["batch", "layer"] = "batch",
) -> keras.Model:
    """Builds a stack of 3x3 convolutions, each with batch or layer norm and ReLU.

    The defaults have 0.24 million parameters and are meant for images of 28 to 32 pixels on CPUs.

    Args:
        size: height and width of the images in pixels.
        channels: width of each convolution, which is one block.
        strides: stride of each convolution.
        norm: `batch` norm, or `layer` norm over the channels of each place, by which no image sees
            another.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / s, size / s, channels[-1]), s the product of the strides, rounded up, and
        `embedding` (B, channels[-1]), their mean.

    Raises:
        ValueError: the two lists differ in length, or are empty, or the norm is unknown.
    """
    check_choices(small_conv_encoder, norm=norm)
    if len(channels) != len(strides) or not channels:
        raise ValueError(
            "small_conv_encoder needs channels and strides of equal length, at least 1; got "
            f"channels={channels} and strides={strides}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = keras.layers.Rescaling(2.0, -1.0)(images)
    for number, (width, stride) in enumerate(zip(channels, strides, strict=True), start=1):
        x = keras.layers.Conv2D(
            width, 3, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        x = keras.layers.ReLU(name=f"block_{number}")(_normalized(x, norm))
    embedding = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="small_conv_encoder"
    )


def _normalized(x, norm):
    if norm == "batch":
        return batch_normalization(MOMENTUM)(x)
    return keras.layers.LayerNormalization(epsilon=1e-5)(x)
