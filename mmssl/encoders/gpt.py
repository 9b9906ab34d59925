"""GPT's transformer decoder as an encoder of text, and its cached decoding token by token."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.encoders.parts.blocks import blocks
from mmssl.encoders.parts.positions import position_table
from mmssl.encoders.parts.tokens import check_heads, token_inputs
from mmssl.layers import CausalMask, EndToken, MaskedMean, PreNormBlock
from mmssl.layers.attention import causal_mask


def gpt_encoder(
    vocabulary_size: int = 40000,
    length: int = 512,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.1,
    positions: Literal["learned", "rotary"] = "learned",
    separator: int | None = None,
    pool: Literal["mean", "end"] = "mean",
) -> keras.Model:
    """Builds GPT's causal transformer with the layer norms of GPT-2.

    Args:
        vocabulary_size: number of token ids.
        length: maximum sequence length, in tokens.
        width: width of the model and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the embeddings, the attention weights and the residual branches.
        positions: `learned` is the paper's table, initialized to sines and cosines; `rotary`
            rotates queries and keys by their position (Su et al. 2021, 2104.09864), which learns a
            small corpus in a fraction of the steps.
        separator: token id that begins a document, to restrict attention to a token's own document;
            None to let tokens attend to everything before them.
        pool: the embedding is the `mean` over the tokens, or what the last one, the `end`, has seen
            of all before it, as in the text encoder of CLIP (Radford et al. 2021, 2103.00020).

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length` and
        padding after the text, to `features` (B, L, width) and `embedding` (B, width).

    Raises:
        ValueError: `width` is not a multiple of `num_heads`, the width of a head is odd with
            `rotary` positions, or a choice is unknown.

    Reference:
        Radford, Narasimhan, Salimans, Sutskever 2018; Radford et al. 2019.
    """
    check_choices(gpt_encoder, positions=positions, pool=pool)
    check_heads("gpt_encoder", width, num_heads, positions)
    inputs = token_inputs()
    token_ids, padding_mask = inputs.values()
    x = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
        reverse_dtype="float32",
        name="token_embedding",
    )(token_ids)
    if positions == "learned":
        x = keras.layers.Add()([x, position_table(length)(x)])
    x = keras.layers.Dropout(dropout)(x)
    visible = CausalMask(length, separator, name="visible")(token_ids, padding_mask)
    for number in range(1, depth + 1):
        x = PreNormBlock(
            num_heads, mlp_dim, dropout, positions == "rotary", depth, name=f"block_{number}"
        )(x, visible)
    x = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")(x)

    pooling = MaskedMean if pool == "mean" else EndToken
    embedding = pooling(name="pool", dtype="float32")([x, padding_mask])
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="gpt_encoder")


def context_length(encoder):
    """Returns the maximum number of tokens that a model of `gpt_encoder` takes.

    Raises:
        ValueError: it is another model, such as one of `mmssl.encoders.adapt`.
    """
    if not blocks(encoder):
        raise ValueError(
            f"{encoder.name} has no blocks whose keys and values could be kept from token to "
            "token: text is continued with mmssl.encoders.gpt_encoder, not with an adapted model."
        )
    return encoder.get_layer("visible").sequence_length


def decode(encoder, token_ids, cache, index):
    """Runs a model of `gpt_encoder` on the next tokens only, given a cache of those before.

    The whole sequence is treated as one document.

    Args:
        encoder: keras.Model of `gpt_encoder`.
        token_ids: int32 (B, L), the tokens at positions `index` to `index + L - 1`.
        cache: list with a pair (B, heads, S, width / heads) per block, filled up to `index`.
        index: int32 scalar.

    Returns:
        Pair of the features (B, L, width) and the cache, filled up to `index + L`.
    """
    x = encoder.get_layer("token_embedding")(token_ids)
    if any(layer.name == "position_embedding" for layer in encoder.layers):
        x = x + encoder.get_layer("position_embedding")(x, start_index=index)
    queries = index + ops.arange(ops.shape(token_ids)[1])
    visible = causal_mask(queries, ops.arange(ops.shape(cache[0][0])[2]))[None]
    filled = []
    for name, pair in zip(blocks(encoder), cache, strict=True):
        x, pair = encoder.get_layer(name)(x, visible, cache=pair, index=index)
        filled.append(pair)
    return encoder.get_layer("norm")(x), filled
