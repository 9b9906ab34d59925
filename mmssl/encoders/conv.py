"""VGG-like convolutional encoders of images."""

import keras

from mmssl.encoders.parts.convolutions import convolutions
from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.layers import GridPooling, Lightness


def conv_encoder(
    size: int = 176,
    channels: tuple[int, ...] = (64, 128, 256, 512, 512, 512, 512),
    depths: tuple[int, ...] = (2, 2, 3, 3, 3, 3, 3),
    strides: tuple[int, ...] = (2, 2, 2, 1, 1, 1, 1),
    dilations: tuple[int, ...] = (1, 1, 1, 1, 2, 2, 1),
    gray: bool = True,
    grid: int = 2,
) -> keras.Model:
    """Builds a VGG-like encoder: blocks of 3x3 convolutions with ReLU, batch norm after each block.

    The defaults are blocks 1 to 7 of the colorization paper: strides are on the last convolution of
    a block, and blocks 5 and 6 are dilated instead.

    Args:
        size: height and width of the images in pixels.
        channels: width of each block.
        depths: number of convolutions in each block, at least 1.
        strides: stride of each block, on its last convolution.
        dilations: dilation of each block; 1 where its stride is above 1.
        gray: use only the lightness of the image, as colorization requires.
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size / s, size / s, channels[-1]), s the product of the strides, and `embedding`
        (B, grid * grid * channels[-1]).

    Raises:
        ValueError: the four lists differ in length.

    Reference:
        Zhang, Isola, Efros 2016, arXiv 1603.08511.
    """
    if len({len(channels), len(depths), len(strides), len(dilations)}) != 1:
        raise ValueError(
            "conv_encoder needs channels, depths, strides and dilations of equal length; got "
            f"{len(channels)}, {len(depths)}, {len(strides)} and {len(dilations)}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = Lightness()(images) if gray else keras.layers.Rescaling(2.0, -1.0)(images)
    plan = zip(channels, depths, strides, dilations, strict=True)
    for number, (width, depth, stride, dilation) in enumerate(plan, start=1):
        x = convolutions(x, width, depth, stride, dilation)
        x = batch_normalization(name=f"block_{number}")(x)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="conv_encoder"
    )
