"""Discriminators of images in adversarial training: of whole ones, and of their patches."""

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.encoders.parts.strided_blocks import (
    MOMENTUM,
    check_halving,
    normal_initializer,
    strided_blocks,
)

MOST_TIMES = 8  # the first width that a layer has


def dcgan_discriminator(size: int, channels: tuple[int, ...]) -> keras.Model:
    """Builds DCGAN's discriminator: strided convolutions and one logit.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the number of blocks.
        channels: width of each block.

    Returns:
        keras.Model from float32 (B, size, size, 3) in [-1, 1] to the logit (B, 1) of being real.

    Raises:
        ValueError: the size cannot be halved once per block.
    """
    check_halving("dcgan_discriminator", size, channels)
    images = keras.Input((size, size, 3), dtype="float32")
    x = keras.layers.Flatten()(strided_blocks(images, channels))
    logit = keras.layers.Dense(1, kernel_initializer=normal_initializer(), dtype="float32")(x)
    return keras.Model(images, logit, name="discriminator")


def patch_discriminator(size: int, width: int = 64, layers: int = 3) -> keras.Model:
    """Builds pix2pix' discriminator of patches: convolutions whose logits see a part each.

    Args:
        size: height and width of the images in pixels, a multiple of 2 to the number of layers.
        width: channels of the first layer; they double each layer, up to 8 times that.
        layers: number of strided 4x4 convolutions, 1 or more; two without strides follow.

    Returns:
        keras.Model from float32 (B, size, size, 3) in [-1, 1] to logits (B, n, n, 1) of being real,
        n being size / 2^layers - 2: 30 of 256 pixels with 3 layers, each of 70 x 70 pixels.

    Raises:
        ValueError: the size cannot be halved once per layer, or leaves no patch.

    Reference:
        Isola, Zhu, Zhou, Efros 2017, arXiv 1611.07004.
    """
    if layers < 1 or width < 1 or size % 2**layers or size // 2**layers < 3:
        raise ValueError(
            f"patch_discriminator(size={size}, width={width}, layers={layers}) needs a width and "
            "layers of 1 or more, and a size that is a multiple of 2 to the number of layers, 3 "
            "times that or more."
        )
    images = keras.Input((size, size, 3), dtype="float32")
    x = keras.layers.LeakyReLU(0.2)(_judging(width, 2)(_framed(images)))
    for number in range(1, layers + 1):
        strides = 2 if number < layers else 1
        x = _judging(width * min(2**number, MOST_TIMES), strides, use_bias=False)(_framed(x))
        gamma = keras.initializers.RandomNormal(1.0, 0.02)
        x = keras.layers.LeakyReLU(0.2)(batch_normalization(MOMENTUM, gamma_initializer=gamma)(x))
    logits = _judging(1, 1, dtype="float32")(_framed(x))
    return keras.Model(images, logits, name="discriminator")


def _framed(x):
    return keras.layers.ZeroPadding2D(1)(x)


def _judging(width, strides, **options):
    return keras.layers.Conv2D(
        width, 4, strides, kernel_initializer=normal_initializer(), **options
    )
