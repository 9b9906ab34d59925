"""Two convolutional encoders side by side, each of which sees some of an image's channels."""

import keras

from mmssl.encoders.parts.convolutions import convolutions
from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.layers import ChannelGroups, GridPooling, LabChannels


def split_conv_encoder(
    size: int = 180,
    channels: tuple[int, ...] = (96, 256, 384, 384, 256),
    depths: tuple[int, ...] = (1, 1, 1, 1, 1),
    strides: tuple[int, ...] = (4, 2, 2, 1, 1),
    dilations: tuple[int, ...] = (1, 1, 1, 1, 1),
    groups: tuple[int, int] = (1, 2),
    lab: bool = True,
    grid: int = 2,
) -> keras.Model:
    """Builds an encoder of two halves that meet nowhere: each sees one group of channels.

    A half has half the channels of every block. The two are joined after each block, which batch
    norm then scales channel by channel, and split again before the next one. The defaults have
    AlexNet's widths.

    Args:
        size: height and width of the images in pixels.
        channels: width of each block, both halves together; even.
        depths: number of 3x3 convolutions in each block, at least 1.
        strides: stride of each block, on its last convolution.
        dilations: dilation of each block; 1 where its stride is above 1.
        groups: number of channels that each half sees, in the order of the channels: (1, 2) parts
            lightness and color of Lab, (3, 1) color and depth.
        lab: whether images are sRGB and are converted to CIE Lab; else channels are scaled from
            [0, 1] to [-1, 1].
        grid: the embedding concatenates the averages over `grid` x `grid` cells of the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, sum of groups) in [0, 1] to `features`
        (B, size / s, size / s, channels[-1]), s the product of the strides, whose first half of
        the channels has seen the first group alone, and `embedding` (B, grid * grid *
        channels[-1]).

    Raises:
        ValueError: the four lists differ in length, a width is odd, there are not two groups, or
            Lab is to have other than three channels.

    Reference:
        Zhang, Isola, Efros 2017, arXiv 1611.09842.
    """
    if len({len(channels), len(depths), len(strides), len(dilations)}) != 1:
        raise ValueError(
            "split_conv_encoder needs channels, depths, strides and dilations of equal length; got "
            f"{len(channels)}, {len(depths)}, {len(strides)} and {len(dilations)}."
        )
    if any(width % 2 for width in channels):
        raise ValueError(f"split_conv_encoder(channels={channels}) must be even: two halves.")
    if lab and sum(groups) != 3:
        raise ValueError(
            f"split_conv_encoder(groups={groups}) must be three channels of Lab; set lab to false "
            "for others."
        )
    images = keras.Input((size, size, sum(groups)), dtype="float32", name="images")
    scaled = keras.layers.Rescaling(2.0, -1.0, name="channels", dtype="float32")
    x = (LabChannels(name="channels") if lab else scaled)(images)
    halves = ChannelGroups(groups, name="groups", dtype="float32")(x)
    plan = zip(channels, depths, strides, dilations, strict=True)
    for number, (width, depth, stride, dilation) in enumerate(plan, start=1):
        halves = [convolutions(half, width // 2, depth, stride, dilation) for half in halves]
        x = batch_normalization(name=f"block_{number}")(keras.layers.Concatenate()(halves))
        if number < len(channels):
            halves = ChannelGroups((width // 2, width // 2))(x)
    embedding = GridPooling(grid, name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="split_conv_encoder"
    )
