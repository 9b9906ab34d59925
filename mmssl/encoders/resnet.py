"""Residual networks."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.encoders.parts.residual_stages import residual_stages

# Residual blocks in each stage, by depth.
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
BOTTLENECK_FROM = 50  # layers
MOMENTUM = 0.9  # of batch norm's moving statistics


def resnet_encoder(
    size: int = 224,
    depth: Literal[18, 34, 50, 101] = 50,
    width: int = 64,
    small_images: bool = False,
    norm: Literal["batch", "layer"] = "batch",
) -> keras.Model:
    """Builds a residual network whose four stages end in `block_1` to `block_4`.

    It computes what KerasHub's ResNet computes, and unlike that one synchronizes batch norm across
    replicas, has an optional stem for small images, and initializes every residual branch to zero
    (Goyal et al. 2017, arXiv 1706.02677), as in the official code of SimCLR, BYOL and SimSiam.

    Args:
        size: height and width of the images in pixels.
        depth: number of layers; from 50 on, residual blocks have a bottleneck.
        width: channels of the first stage, 64 in the paper; they double from stage to stage.
        small_images: use a 3x3 convolution with stride 1 as stem, instead of 7x7 with stride 2 and
            max pooling, for images of about 32 pixels.
        norm: `batch` norm, or `layer` norm over the channels of each place, by which no image sees
            another.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features` (B, size / s,
        size / s, C), s = 8 with `small_images` and 32 without, C = 8 * width or, with a bottleneck,
        32 * width; and `embedding` (B, C), their mean.

    Raises:
        ValueError: the depth or the norm is not supported.

    Reference:
        He, Zhang, Ren, Sun 2015, arXiv 1512.03385.
    """
    if depth not in STAGES:
        raise ValueError(
            f"resnet_encoder(depth=...) must be one of {', '.join(map(str, STAGES))}; got {depth}."
        )
    check_choices(resnet_encoder, norm=norm)
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = _stem(keras.layers.Rescaling(2.0, -1.0)(images), width, small_images, norm)
    block = _bottleneck if depth >= BOTTLENECK_FROM else _basic

    def normed(x, width, stride, name, stage):
        return block(x, width, stride, name, norm)

    x = residual_stages(x, STAGES[depth], width, normed)
    embedding = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name=f"resnet_{depth}"
    )


def _stem(x, width, small_images, norm):
    if small_images:
        return keras.layers.ReLU()(_convolution(x, width, 3, 1, "stem", norm))
    x = keras.layers.ReLU()(_convolution(x, width, 7, 2, "stem", norm))
    return keras.layers.MaxPooling2D(3, 2)(keras.layers.ZeroPadding2D(1)(x))


def _basic(x, width, stride, name, norm):
    branch = keras.layers.ReLU()(_convolution(x, width, 3, stride, name, norm, 1))
    branch = _convolution(branch, width, 3, 1, name, norm, 2, gamma="zeros")
    return branch, _shortcut(x, width, stride, name, norm)


def _bottleneck(x, width, stride, name, norm):
    branch = keras.layers.ReLU()(_convolution(x, width, 1, 1, name, norm, 1))
    branch = keras.layers.ReLU()(_convolution(branch, width, 3, stride, name, norm, 2))
    branch = _convolution(branch, 4 * width, 1, 1, name, norm, 3, gamma="zeros")
    return branch, _shortcut(x, 4 * width, stride, name, norm)


def _shortcut(x, width, stride, name, norm):
    if stride == 1 and x.shape[-1] == width:
        return x
    return _convolution(x, width, 1, stride, name, norm, 0)


def _convolution(x, width, kernel, stride, name, norm, number=None, gamma="ones"):
    def named(part):
        return f"{name}_{part}" if number is None else f"{name}_{part}_{number}"

    padding = "same"
    if stride > 1:
        # Alike on both sides, as in the official code: "same" would depend on the size's parity.
        x = keras.layers.ZeroPadding2D(kernel // 2, name=named("pad"))(x)
        padding = "valid"
    x = keras.layers.Conv2D(
        width,
        kernel,
        stride,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=named("conv"),
    )(x)
    if norm == "layer":
        return keras.layers.LayerNormalization(
            epsilon=1e-5, gamma_initializer=gamma, name=named("norm")
        )(x)
    return batch_normalization(MOMENTUM, named("norm"), gamma_initializer=gamma)(x)
