"""Residual networks of clips."""

from typing import Literal

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.encoders.parts.residual_stages import residual_stages
from mmssl.layers.frames import FramesAsImages, ImagesAsFrames

# Residual blocks in each stage, by depth.
STAGES = {6: (1, 1), 10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
BOTTLENECK_FROM = 50  # layers
MOMENTUM = 0.9  # of batch norm's moving statistics


def resnet_3d_encoder(
    size: int = 224,
    frames: int = 16,
    depth: Literal[6, 10, 18, 34, 50] = 50,
    width: int = 64,
    temporal_kernels: tuple[int, ...] = (1, 1, 3, 3),
    stem_kernel: int = 5,
    stem_stride: int = 2,
    small_images: bool = False,
) -> keras.Model:
    """Builds a residual network of clips whose stages end in `block_1`, `block_2` and so on.

    The slow path of SlowFast: the first stages see each frame by itself, and the last two look
    along time, with the first convolution of each residual block. Time is strided in the stem
    alone, space as in `resnet_encoder`.

    Args:
        size: height and width of the frames in pixels.
        frames: frames of a clip.
        depth: number of layers; from 50 on, residual blocks have a bottleneck. All have four
            stages but that of 6, which has two.
        width: channels of the first stage, 64 in the paper; they double from stage to stage.
        temporal_kernels: frames that the blocks of each stage look along.
        stem_kernel: frames that the stem looks along.
        stem_stride: frames from one of the stem's outputs to the next.
        small_images: use a stem of 3x3 pixels with stride 1, instead of 7x7 with stride 2 and max
            pooling, for frames of about 32 pixels.

    Returns:
        keras.Model from `frames` float32 (B, frames, size, size, 3) in [0, 1] to `features`
        (B, frames / stem_stride, size / s, size / s, C), s = 8 with `small_images` and 32 without,
        C = 8 * width or, with a bottleneck, 32 * width; and `embedding` (B, C), their mean. Of two
        stages s is a quarter of that, and C = 2 * width.

    Raises:
        ValueError: the depth is not supported, or a size is below 1.

    Reference:
        Feichtenhofer et al. 2018, arXiv 1812.03982; Qian et al. 2020, arXiv 2008.03800.
    """
    if depth not in STAGES:
        raise ValueError(
            f"resnet_3d_encoder(depth=...) must be one of {', '.join(map(str, STAGES))}; got "
            f"{depth}."
        )
    stages = len(STAGES[depth])
    if len(temporal_kernels) != stages or min(*temporal_kernels, stem_kernel, stem_stride) < 1:
        raise ValueError(
            f"resnet_3d_encoder(depth={depth}) takes {stages} temporal_kernels, and a stem_kernel "
            f"and stem_stride, of 1 or more; got {temporal_kernels}, {stem_kernel}, {stem_stride}."
        )
    clips = keras.Input((frames, size, size, 3), dtype="float32", name="frames")
    x = keras.layers.Rescaling(2.0, -1.0)(clips)
    x = _stem(x, width, (stem_kernel, stem_stride), small_images)
    block = _bottleneck if depth >= BOTTLENECK_FROM else _basic

    def along_time(x, width, stride, name, stage):
        return block(x, width, temporal_kernels[stage - 1], stride, name)

    x = residual_stages(x, STAGES[depth], width, along_time)
    embedding = keras.layers.GlobalAveragePooling3D(name="pool", dtype="float32")(x)
    return keras.Model(
        {"frames": clips}, {"features": x, "embedding": embedding}, name=f"resnet_3d_{depth}"
    )


def _stem(x, width, temporal, small_images):
    kernel, stride = temporal
    if small_images:
        return keras.layers.ReLU()(_convolution(x, width, (kernel, 3), (stride, 1), "stem"))
    x = keras.layers.ReLU()(_convolution(x, width, (kernel, 7), (stride, 2), "stem"))
    # Frame by frame, as LiteRT has no pooling of clips.
    images = keras.layers.ZeroPadding2D(1)(FramesAsImages(name="stem_images")(x))
    return ImagesAsFrames(x.shape[1], name="stem_frames")(keras.layers.MaxPooling2D(3, 2)(images))


def _basic(x, width, temporal, stride, name):
    branch = _convolution(x, width, (temporal, 3), (1, stride), name, 1)
    branch = _convolution(keras.layers.ReLU()(branch), width, (1, 3), (1, 1), name, 2, "zeros")
    return branch, _shortcut(x, width, stride, name)


def _bottleneck(x, width, temporal, stride, name):
    branch = keras.layers.ReLU()(_convolution(x, width, (temporal, 1), (1, 1), name, 1))
    branch = keras.layers.ReLU()(_convolution(branch, width, (1, 3), (1, stride), name, 2))
    branch = _convolution(branch, 4 * width, (1, 1), (1, 1), name, 3, "zeros")
    return branch, _shortcut(x, 4 * width, stride, name)


def _shortcut(x, width, stride, name):
    if stride == 1 and x.shape[-1] == width:
        return x
    return _convolution(x, width, (1, 1), (1, stride), name, 0)


def _convolution(x, width, kernel, stride, name, number=None, gamma="ones"):
    """A convolution with batch norm; kernel and stride are pairs, along time and along space."""

    def named(part):
        return f"{name}_{part}" if number is None else f"{name}_{part}_{number}"

    (time, space), (later, further) = kernel, stride
    if max(time, space) > 1:
        # Alike on both sides: "same" would depend on whether sizes are odd.
        sides = (time // 2, space // 2, space // 2)
        x = keras.layers.ZeroPadding3D(sides, name=named("pad"))(x)
    x = keras.layers.Conv3D(
        width,
        (time, space, space),
        (later, further, further),
        use_bias=False,
        kernel_initializer="he_normal",
        name=named("conv"),
    )(x)
    return batch_normalization(MOMENTUM, named("norm"), gamma_initializer=gamma)(x)
