"""The decoder of context encoders."""

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.encoders.parts.strided_blocks import MOMENTUM, normal_initializer
from mmssl.layers import ChannelwiseDense


def inpainting_decoder(features, channels: tuple[int, ...]) -> keras.Model:
    """Builds a decoder from a context encoder's features to the pixels of a region.

    A channel-wise dense layer propagates information from the visible to the masked region, a 1x1
    convolution mixes the channels, and transposed 4x4 convolutions with stride 2 upsample to
    pixels.

    Args:
        features: KerasTensor (None, H, W, C), the input feature map.
        channels: width of each transposed convolution but the last, which has 3.

    Returns:
        keras.Model from (B, H, W, C) to float32 (B, H * 2^(n + 1), W * 2^(n + 1), 3) in [-1, 1],
        n the number of `channels`.
    """
    inputs = keras.Input(features.shape[1:])
    x = ChannelwiseDense()(inputs)
    x = keras.layers.Conv2D(
        features.shape[-1], 1, use_bias=False, kernel_initializer=normal_initializer()
    )(x)
    x = keras.layers.ReLU()(batch_normalization(MOMENTUM)(x))
    for width in channels:
        x = _transposed(width, use_bias=False)(x)
        x = keras.layers.ReLU()(batch_normalization(MOMENTUM)(x))
    pixels = _transposed(3, activation="tanh", dtype="float32")(x)
    return keras.Model(inputs, pixels, name="inpainting_decoder")


def _transposed(width, **kwargs):
    return keras.layers.Conv2DTranspose(
        width, 4, 2, padding="same", kernel_initializer=normal_initializer(), **kwargs
    )
