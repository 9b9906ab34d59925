"""XLNet's encoder of text: its content stream, in which every token sees all others."""

import keras
from keras import ops

from mmssl.encoders.parts.blocks import blocks
from mmssl.encoders.parts.tokens import check_heads, token_inputs
from mmssl.layers import MaskedMean, PaddingMask
from mmssl.layers.relative_attention import TwoStreamBlock


def xlnet_encoder(
    vocabulary_size: int = 32000,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.1,
) -> keras.Model:
    """Builds XLNet's encoder: Transformer-XL's attention by distance, in post-norm blocks.

    Distances have no table, so texts may be of any length. The segment terms of the paper, which
    tell the two texts of a pair apart, are left out: inputs are single texts.

    Args:
        vocabulary_size: number of token ids.
        width: width of the model and of the embedding; an even multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the embeddings and inside the blocks.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L), to `features` (B, L, width)
        and `embedding` (B, width), their mean over the tokens.

    Raises:
        ValueError: `width` is not an even multiple of `num_heads`.

    Reference:
        Yang, Dai, Yang, Carbonell, Salakhutdinov, Le 2019, arXiv 1906.08237.
    """
    check_heads("xlnet_encoder", width, num_heads, "rotary")
    inputs = token_inputs()
    token_ids, padding_mask = inputs.values()
    x = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
        reverse_dtype="float32",
        name="token_embedding",
    )(token_ids)
    x = keras.layers.Dropout(dropout, name="embedding_drop")(x)
    visible = PaddingMask(name="visible")(padding_mask)
    for number in range(1, depth + 1):
        x = TwoStreamBlock(num_heads, mlp_dim, dropout, name=f"block_{number}")(x, visible)
    x = keras.layers.Dropout(dropout, name="drop")(x)
    embedding = MaskedMean(name="pool", dtype="float32")([x, padding_mask])
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="xlnet_encoder")


def embedded(encoder, token_ids, training):
    """Returns what the first block of a model of `xlnet_encoder` takes, (B, L, width)."""
    x = encoder.get_layer("token_embedding")(token_ids)
    return encoder.get_layer("embedding_drop")(x, training=training)


def two_streams(encoder, x, visible, queries, query_visible, position_ids, memories, training):
    """Runs both streams through the blocks of a model of `xlnet_encoder`.

    Args:
        encoder: keras.Model of `xlnet_encoder`.
        x: (B, L, width), see `embedded`.
        visible: see TwoStreamBlock.
        queries: (B, P, width).
        query_visible: see TwoStreamBlock.
        position_ids: see TwoStreamBlock.
        memories: list with (B, M, width) per block, or None.
        training: whether dropout is on.

    Returns:
        (B, P, width), the query stream.
    """
    for number, name in enumerate(blocks(encoder)):
        x, queries = encoder.get_layer(name)(
            x,
            visible,
            queries=queries,
            query_visible=query_visible,
            position_ids=position_ids,
            memory=None if memories is None else memories[number],
            training=training,
        )
    return encoder.get_layer("drop")(queries, training=training)


def memories_of(encoder, token_ids, padding_mask):
    """Returns the inputs of the blocks for the text before, without gradients.

    Args:
        encoder: keras.Model of `xlnet_encoder`.
        token_ids: int32 (B, M).
        padding_mask: int32 (B, M), 1 for tokens.

    Returns:
        list with (B, M, width) per block.
    """
    x, visible, found = embedded(encoder, token_ids, False), padding_mask[:, None] > 0, []
    for name in blocks(encoder):
        found.append(ops.stop_gradient(x))
        x = encoder.get_layer(name)(x, visible, training=False)
    return found
