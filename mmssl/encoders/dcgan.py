"""DCGAN's strided stacks (Radford, Metz, Chintala 2015, arXiv 1511.06434)."""

import keras

from mmssl.encoders.normalization import batch_normalization
from mmssl.layers import ChannelwiseDense, GridPooling

MOMENTUM = 0.9  # of batch norm's moving statistics


def dcgan_encoder(
    size: int = 128, channels: tuple[int, ...] = (64, 64, 128, 256, 512), grid: int = 2
) -> keras.Model:
    """Builds the encoder of the context encoder: a convolution of stride 2 a block.

    Kernels are 4x4; batch norm everywhere but in the first block; leaky ReLU of slope 0.2.

    Args:
        size: height and width of the pictures in pixels, a multiple of 2 to the number of blocks.
        channels: width of each block.
        grid: the embedding joins the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / 2^n, size / 2^n, channels[-1]), n the number of blocks, and `embedding`
        (B, grid * grid * channels[-1]).

    Raises:
        ValueError: the size cannot be halved so often.

    Reference:
        Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, arXiv 1604.07379.
    """
    _check_halving("dcgan_encoder", size, channels)
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = _downwards(keras.layers.Rescaling(2.0, -1.0)(images), channels)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="dcgan_encoder"
    )


def dcgan_discriminator(size: int, channels: tuple[int, ...]) -> keras.Model:
    """Builds the judge of pictures: the encoder's stack and one score.

    Args:
        size: height and width of the pictures in pixels, a multiple of 2 to the number of blocks.
        channels: width of each block.

    Returns:
        keras.Model from float32 (B, size, size, 3) in [-1, 1] to the logit (B, 1) of being real.

    Raises:
        ValueError: the size cannot be halved so often.
    """
    _check_halving("dcgan_discriminator", size, channels)
    pictures = keras.Input((size, size, 3), dtype="float32")
    x = keras.layers.Flatten()(_downwards(pictures, channels))
    score = keras.layers.Dense(1, kernel_initializer=_normal(), dtype="float32")(x)
    return keras.Model(pictures, score, name="discriminator")


def inpainting_decoder(features, channels: tuple[int, ...]) -> keras.Model:
    """Builds the way from a context encoder's features to the pixels of a region.

    A channel-wise dense layer carries what is visible to where it is not, a 1x1 convolution mixes
    the channels, and transposed 4x4 convolutions of stride 2 go back to pixels.

    Args:
        features: KerasTensor (None, H, W, C), the map that the decoder reads.
        channels: width of each transposed convolution but the last, which has 3.

    Returns:
        keras.Model from (B, H, W, C) to float32 (B, H * 2^(n + 1), W * 2^(n + 1), 3) in [-1, 1],
        n the number of `channels`.
    """
    inputs = keras.Input(features.shape[1:])
    x = ChannelwiseDense()(inputs)
    x = keras.layers.Conv2D(features.shape[-1], 1, use_bias=False, kernel_initializer=_normal())(x)
    x = keras.layers.ReLU()(batch_normalization(MOMENTUM)(x))
    for width in channels:
        x = _transposed(width, use_bias=False)(x)
        x = keras.layers.ReLU()(batch_normalization(MOMENTUM)(x))
    pixels = _transposed(3, activation="tanh", dtype="float32")(x)
    return keras.Model(inputs, pixels, name="inpainting_decoder")


def _normal():
    return keras.initializers.RandomNormal(stddev=0.02)


def _downwards(x, channels):
    for number, width in enumerate(channels, start=1):
        first = number == 1
        x = keras.layers.Conv2D(
            width, 4, 2, padding="same", use_bias=first, kernel_initializer=_normal()
        )(x)
        if not first:
            x = batch_normalization(MOMENTUM)(x)
        x = keras.layers.LeakyReLU(0.2, name=f"block_{number}")(x)
    return x


def _transposed(width, **kwargs):
    return keras.layers.Conv2DTranspose(
        width, 4, 2, padding="same", kernel_initializer=_normal(), **kwargs
    )


def _check_halving(name, size, channels):
    if not channels or size % 2 ** len(channels):
        raise ValueError(
            f"{name} halves the size once a block: size={size} is no multiple of "
            f"2^{len(channels)}, or there is no block in channels={channels}."
        )
