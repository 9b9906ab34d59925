"""The encoder of AMDIM: residual blocks whose outputs see small parts of the image."""

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.layers.channels import PadChannels
from mmssl.layers.convolution import ReflectionPadding

# Kernel and stride of the blocks before the map of 7 x 7, by the size of the images.
STRIDED = {
    32: ((1, 1), (4, 2), (2, 2)),
    64: ((4, 2), (4, 2), (2, 2)),
    128: ((4, 2), (4, 2), (2, 2)),
}
STEM_STRIDED_FROM = 128  # pixels
MOMENTUM = 0.9  # of batch norm's moving statistics


def amdim_encoder(
    size: int = 32,
    width: int = 64,
    embedding_dim: int = 512,
    depth: int = 3,
    batch_norm: bool = False,
) -> keras.Model:
    """Builds AMDIM's residual network, without padding.

    A place of the maps of 7 x 7 and 5 x 5 sees a part of the image alone: two convolutions aside,
    kernels have no overlap or little, and further ones of a block are 1 x 1. Without padding, no
    place knows where the border is. Blocks are not followed by an activation, and begin as means
    over their input.

    Args:
        size: height and width of the images in pixels: 32, 64 or 128.
        width: channels of the first convolution, ndf; they double in each block that halves the
            size.
        embedding_dim: channels of the last map, n_rkhs, at least those before it: 4 * width for 32
            pixels, 8 * width for more.
        depth: convolutions of 3 x 3 or larger, and 1 x 1 after it, that a block consists of.
        batch_norm: normalize inside the blocks, too, not only the last map.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, 1, 1, embedding_dim) and `embedding` (B, embedding_dim), the same. Its blocks end with
        maps of, among others, 7 x 7, 5 x 5, 3 x 3 and 1 x 1.

    Raises:
        ValueError: an argument is out of range.

    Reference:
        Bachman, Hjelm, Buchwalter 2019, arXiv 1906.00910.
    """
    strided = _check(size, width, embedding_dim, depth)
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = keras.layers.Rescaling(2.0, -1.0)(images)
    if size >= STEM_STRIDED_FROM:
        x = keras.layers.Conv2D(width, 5, 2, activation="relu")(ReflectionPadding(2)(x))
    x = keras.layers.Conv2D(width, 3, activation="relu")(x)
    plan = []
    for kernel, stride in strided:
        width = width * 2 if stride > 1 else width
        plan.append((width, kernel, stride, depth if stride > 1 else 1))
    plan += [(width, 3, 1, depth), (width, 3, 1, depth), (embedding_dim, 3, 1, 1)]
    for number, (channels, kernel, stride, count) in enumerate(plan, start=1):
        last = number == len(plan)
        name = f"block_{number}"
        x = _block(x, channels, kernel, stride, count, batch_norm, None if last else name)
        if last:
            x = batch_normalization(MOMENTUM, name)(x)
    embedding = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="amdim_encoder"
    )


def _block(x, width, kernel, stride, depth, batch_norm, name):
    for unit in range(depth):
        x = _unit(x, width, kernel, stride, batch_norm, name if unit == depth - 1 else None)
        kernel = stride = 1
    return x


def _unit(x, width, kernel, stride, batch_norm, name):
    branch = keras.layers.Conv2D(
        width, kernel, stride, use_bias=False, kernel_initializer="he_normal"
    )(x)
    if batch_norm:
        branch = batch_normalization(MOMENTUM)(branch)
    branch = keras.layers.ReLU()(branch)
    branch = keras.layers.Conv2D(width, 1, use_bias=False, kernel_initializer="zeros")(branch)
    if kernel > 1:
        x = keras.layers.AveragePooling2D(kernel, stride)(x)
    if x.shape[-1] < width:
        x = PadChannels(width)(x)
    return keras.layers.Add(name=name)([branch, x])


def _check(size, width, embedding_dim, depth):
    if size not in STRIDED:
        raise ValueError(
            f"amdim_encoder(size={size}) must be one of {', '.join(map(str, STRIDED))}."
        )
    if width < 1 or depth < 1:
        raise ValueError(f"amdim_encoder(width={width}) and depth={depth} must be 1 or more.")
    before = width * 2 ** sum(stride > 1 for _, stride in STRIDED[size])
    if embedding_dim < before:
        raise ValueError(
            f"amdim_encoder(embedding_dim={embedding_dim}) must be {before} or more, the channels "
            "of the map before."
        )
    return STRIDED[size]
