"""DCGAN's strided convolutions (Radford, Metz, Chintala 2015, arXiv 1511.06434)."""

import keras

from mmssl.encoders.parts.normalization import batch_normalization

MOMENTUM = 0.9  # of batch norm's moving statistics


def normal_initializer():
    return keras.initializers.RandomNormal(stddev=0.02)


def strided_blocks(x, channels):
    for number, width in enumerate(channels, start=1):
        first = number == 1
        x = keras.layers.Conv2D(
            width, 4, 2, padding="same", use_bias=first, kernel_initializer=normal_initializer()
        )(x)
        if not first:
            x = batch_normalization(MOMENTUM)(x)
        x = keras.layers.LeakyReLU(0.2, name=f"block_{number}")(x)
    return x


def check_halving(name, size, channels):
    if not channels or size % 2 ** len(channels):
        raise ValueError(
            f"{name} halves the size once per block and needs at least one: size must be a "
            f"multiple of 2^{len(channels)}; got size={size} and channels={channels}."
        )
