"""The encoder of IPT: the head of one task, and the transformer encoder that all tasks share."""

import keras

from mmssl.encoders.parts.pixels import SCALINGS
from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import GridPositions, TokenPooling, patchify


def ipt_encoder(
    size: int = 48,
    patch_size: int = 3,
    channels: int = 64,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 2304,
    head_blocks: int = 2,
    grid: int = 1,
) -> keras.Model:
    """Builds a head of convolutions, and transformer blocks over patches of its maps.

    The layer `maps` ends the head: a map (B, size, size, channels). Its patches are tokens of
    `channels * patch_size^2` values, to which a linear map of them and learned positions are added.

    Args:
        size: height and width of the images in pixels, a multiple of `patch_size`.
        patch_size: height and width of a patch in pixels.
        channels: of the head; `channels * patch_size^2`, the width of the tokens, is a multiple of
            `num_heads` and of 4.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        head_blocks: number of residual blocks of the head.
        grid: the embedding concatenates the means of `grid` x `grid` cells of the image.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1], sRGB, to `features`
        (B, T, channels * patch_size^2) and `embedding` (B, grid * grid * channels * patch_size^2).

    Raises:
        ValueError: a size is not a multiple of another.

    Reference:
        Chen et al. 2020, arXiv 2012.00364.
    """
    width = channels * patch_size**2
    if size % patch_size or width % num_heads or width % 4:
        raise ValueError(
            f"ipt_encoder(size={size}) must be a multiple of patch_size={patch_size}, and the "
            f"width of a token, channels * patch_size^2 = {width}, of num_heads={num_heads} and 4."
        )
    head = ipt_head(size, channels, head_blocks)
    x = patchify(head.output, patch_size)
    encoded = keras.layers.Dense(width, name="encode")(x)
    x = keras.layers.Add()([x, encoded])
    x = GridPositions(size // patch_size, "learned", name="positions")(x)
    x = transformer_blocks(x, None, depth, num_heads, mlp_dim)
    embedding = TokenPooling("mean", class_token=False, grid=grid, name="pool", dtype="float32")(x)
    outputs = {"features": x, "embedding": embedding}
    return keras.Model(head.input, outputs, name="ipt_encoder")


def ipt_head(size: int, channels: int, blocks: int = 2) -> keras.Model:
    """Builds the head of a task: a 3x3 convolution, and residual blocks of 5x5 convolutions.

    Args:
        size: height and width of the images in pixels.
        channels: of every convolution.
        blocks: number of residual blocks, of two convolutions each.

    Returns:
        keras.Model from a dict of `images` float32 (B, size, size, 3) in [0, 1] to
        (B, size, size, channels), the output of its layer `maps`.
    """
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    x = keras.layers.Conv2D(channels, 3, padding="same")(SCALINGS["imagenet"].layers(images))
    for _ in range(blocks):
        inner = keras.layers.Conv2D(channels, 5, padding="same", activation="relu")(x)
        inner = keras.layers.Conv2D(channels, 5, padding="same")(inner)
        x = keras.layers.Add()([x, inner])
    maps = keras.layers.Activation("linear", name="maps")(x)
    return keras.Model({"images": images}, maps, name="head")
