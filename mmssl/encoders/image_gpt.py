"""Image GPT's transformer as an encoder of pictures, and its cached decoding pixel by pixel."""

import keras
from keras import ops
from keras_hub.layers import PositionEmbedding

from mmssl.encoders.parts.blocks import blocks
from mmssl.encoders.parts.tokens import check_heads
from mmssl.layers import Palette, RMSNormBlock, ShiftedByStart, TokenPooling
from mmssl.layers.rms_block import rms_norm


def image_gpt_encoder(
    size: int = 32,
    colors: int = 512,
    width: int = 512,
    depth: int = 24,
    num_heads: int = 8,
    mlp_dim: int = 2048,
    causal: bool = True,
    pooled_block: int | None = None,
    grid: int = 1,
) -> keras.Model:
    """Builds image GPT's transformer over the pixels of a picture, each a color of a palette.

    The palette lies inside: the encoder takes pictures. Its colors are those of the data once
    `mmssl.methods.ImageGPT` has adapted to them.

    Args:
        size: height and width of the pictures in pixels; a picture is a sequence of as many tokens
            as pixels, row by row.
        colors: K, colors of the palette.
        width: width of the tokens and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward networks; 4 times the width in the paper.
        causal: whether the features of a pixel are made of the pixels before it alone, as the
            autoregressive objective needs; else of all, as that of BERT does.
        pooled_block: block whose tokens are averaged into the embedding, 1 to `depth`; None for the
            middle one.
        grid: the embedding concatenates the means of `grid` x `grid` cells of the picture.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features`
        (B, size * size, width), the normalized output of the last block, and `embedding`
        (B, grid * grid * width). It has stages, see `mmssl.encoders.parts.stages`, and a layer
        `codes` whose output is the numbers of colors int32 (B, size * size).

    Raises:
        ValueError: `width` is not a multiple of `num_heads`, or there is no such block.

    Reference:
        Chen et al. 2020, "Generative pretraining from pixels".
    """
    check_heads("image_gpt_encoder", width, num_heads, "learned")
    middle = (depth + 1) // 2 if pooled_block is None else pooled_block
    if not 1 <= middle <= depth:
        raise ValueError(
            f"image_gpt_encoder(pooled_block={pooled_block}) must be one of {depth} blocks."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    codes = Palette(colors, name="codes")(images)
    x = keras.layers.Embedding(colors, width, _normal(0.02), name="tokens")(codes)
    if causal:
        x = ShiftedByStart(name="start")(x)
    positions = PositionEmbedding(size**2, _normal(0.01), name="position_embedding")(x)
    x = keras.layers.Add(name="positioned")([x, positions])
    pooled = None
    for number in range(1, depth + 1):
        x = RMSNormBlock(num_heads, mlp_dim, causal, depth, name=f"block_{number}")(x)
        pooled = x if number == middle else pooled
    x = rms_norm(name="norm")(x)
    embedding = TokenPooling("mean", False, grid, name="pool", dtype="float32")(pooled)
    return keras.Model(
        {"images": images}, {"features": x, "embedding": embedding}, name="image_gpt_encoder"
    )


def decode(encoder, codes, cache, index):
    """Runs a causal `image_gpt_encoder` for one pixel, given a cache of those before.

    Args:
        encoder: keras.Model.
        codes: int32 (B,), colors of the pixels at `index` - 1; not looked at where `index` is 0.
        cache: list with a pair (B, heads, size * size, width / heads) per block, filled up to
            `index`.
        index: int32 scalar, number of the pixel.

    Returns:
        Pair of the features (B, width) that the pixel is predicted from, and the cache, filled up
        to `index` + 1.
    """
    tokens = encoder.get_layer("tokens")(codes[:, None])
    start = ops.cast(encoder.get_layer("start").start, tokens.dtype)
    x = ops.where(index > 0, tokens, start)
    x = x + encoder.get_layer("position_embedding")(x, start_index=index)
    filled = []
    for name, pair in zip(blocks(encoder), cache, strict=True):
        x, pair = encoder.get_layer(name)(x, cache=pair, index=index)
        filled.append(pair)
    return encoder.get_layer("norm")(x)[:, 0], filled


def _normal(stddev):
    return keras.initializers.RandomNormal(stddev=stddev)
