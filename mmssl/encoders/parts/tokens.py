"""Shared by the transformer encoders of text: inputs, validation, blocks and pooling."""

import keras

from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import (
    MaskedMax,
    MaskedMean,
    PaddingMask,
    PositionIds,
    TokenPooling,
    WeightedMean,
)

_POOLS = {"mean": MaskedMean, "max": MaskedMax, "weighted_mean": WeightedMean}


def token_inputs():
    """Builds the inputs of an encoder of text.

    Returns:
        dict of keras.Input `token_ids` and `padding_mask`, int32 (B, L).
    """
    names = ("token_ids", "padding_mask")
    return {name: keras.Input((None,), dtype="int32", name=name) for name in names}


def embedded_tokens(inputs, vocabulary_size, width, dropout):
    """Looks tokens up in a learned table, `token_embedding`.

    Args:
        inputs: dict that `token_inputs` returned.
        vocabulary_size: number of token ids.
        width: of a vector.
        dropout: rate in [0, 1), on the vectors.

    Returns:
        KerasTensor (B, L, width).
    """
    table = keras.layers.Embedding(
        vocabulary_size, width, embeddings_initializer="glorot_uniform", name="token_embedding"
    )
    return keras.layers.Dropout(dropout)(table(inputs["token_ids"]))


def pooled_tokens(x, token_mask, pool):
    """Makes one vector of the tokens of a sequence.

    Args:
        x: KerasTensor (B, L, C).
        token_mask: KerasTensor int32 (B, L), 1 for tokens, 0 for padding.
        pool: `mean`, `max`, or `weighted_mean`, see `mmssl.layers.WeightedMean`.

    Returns:
        KerasTensor float32 (B, C).
    """
    return _POOLS[pool](name="pool", dtype="float32")([x, token_mask])


def check_heads(name, width, num_heads, positions):
    """Checks that the width can be split into attention heads.

    Args:
        name: of the encoder.
        width: width of the model.
        num_heads: attention heads per block.
        positions: `rotary` rotates pairs of channels, so a head needs an even number of them.

    Raises:
        ValueError: `width` is not a multiple of `num_heads`, or the width of a head is odd with
            `rotary` positions.
    """
    if width % num_heads or (positions == "rotary" and width // num_heads % 2):
        raise ValueError(
            f"{name} needs a width that is a multiple of num_heads, with rotary positions an even "
            f"multiple; got width={width}, num_heads={num_heads}."
        )


def post_norm_encoder(inputs, x, token_mask, positions, name, pool="mean", **blocks):
    """Completes an encoder with post-norm transformer blocks and pooling.

    Args:
        inputs: dict of keras.Input.
        x: KerasTensor (B, L, C), the input of the first block.
        token_mask: KerasTensor int32 (B, L), 1 for tokens, 0 for padding.
        positions: `rotary` rotates queries and keys by their positions.
        name: of the model.
        pool: the embedding is the first `token`, or as of `pooled_tokens`.
        **blocks: see `transformer_blocks`.

    Returns:
        keras.Model from the inputs to `features` (B, L, C) and `embedding` (B, C).
    """
    position_ids = PositionIds(name="position_ids")(x) if positions == "rotary" else None
    visible = PaddingMask(name="visible")(token_mask)
    x = transformer_blocks(x, visible, norm="post", position_ids=position_ids, **blocks)
    if pool == "token":
        embedding = TokenPooling(pool, name="pool", dtype="float32")(x)
    else:
        embedding = pooled_tokens(x, token_mask, pool)
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name=name)
