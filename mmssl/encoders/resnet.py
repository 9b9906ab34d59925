"""Residual networks."""

from typing import Literal

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.layers import GridPooling

# Residual blocks in each stage, by depth.
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
BOTTLENECK_FROM = 50  # layers
MOMENTUM = 0.9  # of batch norm's moving statistics


def resnet_encoder(
    size: int = 224,
    depth: Literal[18, 34, 50, 101] = 50,
    width: int = 64,
    small_images: bool = False,
) -> keras.Model:
    """Builds a residual network whose four stages end in `block_1` to `block_4`.

    Unlike the ResNets of KerasHub and Keras, it synchronizes batch norm across replicas, has an
    optional stem for small images, and initializes every residual branch to zero (Goyal et al.
    2017, arXiv 1706.02677), as in the official code of SimCLR, BYOL and SimSiam.

    Args:
        size: height and width of the images in pixels.
        depth: number of layers; from 50 on, residual blocks have a bottleneck.
        width: channels of the first stage, 64 in the paper; they double from stage to stage.
        small_images: use a 3x3 convolution with stride 1 as stem, instead of 7x7 with stride 2 and
            max pooling, for images of about 32 pixels.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features` (B, size / s,
        size / s, C), s = 8 with `small_images` and 32 without, C = 8 * width or, with a bottleneck,
        32 * width; and `embedding` (B, C), their mean.

    Raises:
        ValueError: the depth is not supported.

    Reference:
        He, Zhang, Ren, Sun 2015, arXiv 1512.03385.
    """
    if depth not in STAGES:
        raise ValueError(
            f"resnet_encoder(depth=...) must be one of {', '.join(map(str, STAGES))}; got {depth}."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = _stem(keras.layers.Rescaling(2.0, -1.0)(images), width, small_images)
    block = _bottleneck if depth >= BOTTLENECK_FROM else _basic
    for stage, count in enumerate(STAGES[depth]):
        for index in range(count):
            stride = 2 if stage > 0 and index == 0 else 1
            branch, shortcut = block(x, width * 2**stage, stride)
            last = index == count - 1
            name = f"block_{stage + 1}" if last else f"unit_{stage + 1}_{index + 1}"
            x = keras.layers.ReLU(name=name)(keras.layers.Add()([branch, shortcut]))
    embedding = GridPooling(name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name=f"resnet_{depth}"
    )


def _stem(x, width, small_images):
    if small_images:
        return keras.layers.ReLU()(_convolution(x, width, 3))
    x = keras.layers.ReLU()(_convolution(x, width, 7, 2))
    return keras.layers.MaxPooling2D(3, 2, padding="same")(x)


def _basic(x, width, stride):
    branch = keras.layers.ReLU()(_convolution(x, width, 3, stride))
    branch = _convolution(branch, width, 3, gamma="zeros")
    return branch, _shortcut(x, width, stride)


def _bottleneck(x, width, stride):
    branch = keras.layers.ReLU()(_convolution(x, width, 1))
    branch = keras.layers.ReLU()(_convolution(branch, width, 3, stride))
    branch = _convolution(branch, 4 * width, 1, gamma="zeros")
    return branch, _shortcut(x, 4 * width, stride)


def _shortcut(x, width, stride):
    if stride == 1 and x.shape[-1] == width:
        return x
    return _convolution(x, width, 1, stride)


def _convolution(x, width, kernel, stride=1, gamma="ones"):
    x = keras.layers.Conv2D(
        width, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    return batch_normalization(MOMENTUM, gamma_initializer=gamma)(x)
