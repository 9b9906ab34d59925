"""DALL-E's transformer over a caption and the codes of a picture, and its cached decoding."""

from typing import Literal

import keras
from keras import ops

from mmssl.encoders.parts.blocks import blocks
from mmssl.encoders.parts.tokens import check_heads
from mmssl.layers import (
    AttentionPattern,
    Begun,
    CaptionedPositions,
    LastTokensMean,
    OwnPadding,
    PreNormBlock,
)

Pattern = Literal["dense", "row", "column", "convolution"]


def dalle_encoder(
    vocabulary_size: int = 16384,
    length: int = 256,
    entries: int = 8192,
    code_shape: tuple[int, int] = (32, 32),
    width: int = 3968,
    depth: int = 64,
    num_heads: int = 62,
    mlp_dim: int = 15872,
    patterns: tuple[Pattern, ...] = ("row", "column", "row", "row"),
    last_pattern: Pattern = "convolution",
    kernel: int = 11,
    dropout: float = 0.0,
    pooled_block: int | None = None,
) -> keras.Model:
    """Builds DALL-E's causal transformer over a caption and, after it, the codes of a picture.

    The sequence is a token that begins it, the caption, and the codes row by row. Padding of the
    caption is not hidden: at each position it is a token of its own.

    Args:
        vocabulary_size: V, number of token ids.
        length: L, tokens of a caption.
        entries: K, number of codes.
        code_shape: rows and columns of a picture's codes.
        width: width of the model and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward networks.
        patterns: what tokens of the picture attend to, see `mmssl.layers.AttentionPattern`: of the
            first blocks one each, and then from the first one on again.
        last_pattern: that of the last block.
        kernel: odd, cells along each side that `convolution` attends to.
        dropout: rate in [0, 1), on the embeddings, the attention weights and the residual branches.
        pooled_block: block whose tokens of the picture are averaged into the embedding, 1 to
            `depth`; None for the middle one.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L), and `codes`, int32
        (B, rows, columns), to `features` (B, 1 + L + rows * columns, width) and `embedding`
        (B, width). The layer `text_ids` outputs the tokens of the caption, int32 (B, L), padding
        as V + its position.

    Raises:
        ValueError: an argument is out of range, or a choice is unknown.

    Reference:
        Ramesh et al. 2021, arXiv 2102.12092.
    """
    check_heads("dalle_encoder", width, num_heads, "learned")
    middle = (depth + 1) // 2 if pooled_block is None else pooled_block
    if not patterns or not 1 <= middle <= depth:
        raise ValueError(
            f"dalle_encoder(patterns={tuple(patterns)}, pooled_block={pooled_block}): give a "
            f"pattern or more, and one of {depth} blocks."
        )
    rows, columns = code_shape
    inputs = {
        "token_ids": keras.Input((length,), dtype="int32", name="token_ids"),
        "padding_mask": keras.Input((length,), dtype="int32", name="padding_mask"),
        "codes": keras.Input((rows, columns), dtype="int32", name="codes"),
    }
    text_ids = OwnPadding(vocabulary_size, name="text_ids")(
        inputs["token_ids"], inputs["padding_mask"]
    )
    texts = _embedding(vocabulary_size + length, width, "text_embedding")(text_ids)
    pictures = keras.layers.Reshape((rows * columns,), dtype="int32", name="raster")(
        inputs["codes"]
    )
    pictures = _embedding(entries, width, "code_embedding")(pictures)
    x = Begun(name="begun")([texts, pictures])
    x = CaptionedPositions(1 + length, rows, columns, name="positions")(x)
    x = keras.layers.Dropout(dropout, name="positioned")(x)
    visible, pooled = {}, None
    for number in range(1, depth + 1):
        kind = last_pattern if number == depth else patterns[(number - 1) % len(patterns)]
        if kind not in visible:
            visible[kind] = AttentionPattern(
                kind, 1 + length, columns, kernel, name=f"visible_{kind}"
            )(x)
        x = PreNormBlock(num_heads, mlp_dim, dropout, depth=depth, name=f"block_{number}")(
            x, visible[kind]
        )
        pooled = x if number == middle else pooled
    x = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    embedding = LastTokensMean(rows * columns, name="pool", dtype="float32")(pooled)
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="dalle_encoder")


def caption_tokens(encoder, token_ids, padding_mask):
    """Embeds captions, without positions.

    Args:
        encoder: keras.Model of `dalle_encoder`.
        token_ids: int32 (B, L).
        padding_mask: int32 (B, L).

    Returns:
        (B, 1 + L, width), the token that begins each first.
    """
    ids = encoder.get_layer("text_ids")(token_ids, padding_mask)
    return encoder.get_layer("begun")([encoder.get_layer("text_embedding")(ids)])


def decode(encoder, tokens, cache, index):
    """Runs a `dalle_encoder` on the next tokens only, given a cache of those before.

    Args:
        encoder: keras.Model.
        tokens: (B, L, width), embedded and without positions, those at places `index` to
            `index` + L - 1 of the sequence.
        cache: list with a pair (B, heads, T, width / heads) per block, filled up to `index`.
        index: int32 scalar.

    Returns:
        Pair of the features (B, L, width) and the cache, filled up to `index` + L.
    """
    x = encoder.get_layer("positions")(tokens, index=index)
    queries = index + ops.arange(ops.shape(tokens)[1])
    keys, filled = ops.arange(cache[0][0].shape[2]), []
    for name, pair in zip(blocks(encoder), cache, strict=True):
        block = encoder.get_layer(name)
        x, pair = block(x, _pattern(block).between(queries, keys)[None], cache=pair, index=index)
        filled.append(pair)
    return encoder.get_layer("norm")(x), filled


def _pattern(block):
    """The AttentionPattern that a block of the encoder was called with."""
    _, visible = keras.tree.flatten(block.input)
    return visible._keras_history.operation


def _embedding(count, width, name):
    initial = keras.initializers.RandomNormal(stddev=0.02)
    return keras.layers.Embedding(count, width, initial, name=name)
