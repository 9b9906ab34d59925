"""BERT's transformer encoder of text."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.positions import position_table
from mmssl.encoders.parts.tokens import check_heads, post_norm_encoder, token_inputs
from mmssl.layers import SegmentIds

EPSILON = 1e-12  # of every layer norm


def bert_encoder(
    vocabulary_size: int = 30522,
    length: int = 512,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.1,
    positions: Literal["learned", "rotary"] = "learned",
    separator: int = 3,
    pool: Literal["mean", "token", "max", "weighted_mean"] = "mean",
) -> keras.Model:
    """Builds BERT's encoder: summed embeddings and transformer blocks.

    Segment ids are derived from the separators before a token, so a single text and a pair have
    the same two inputs.

    Args:
        vocabulary_size: number of token ids.
        length: maximum sequence length, in tokens.
        width: width of the model and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the embeddings and inside the blocks.
        positions: `learned` is the paper's table, initialized to sines and cosines; `rotary`
            rotates queries and keys by their position instead (Su et al. 2021, 2104.09864), which
            leaves the initial plateau of a short training in a fifth of the steps.
        separator: token id of [SEP].
        pool: the embedding is the `mean` over the tokens, the first `token`, [CLS], the `max` of
            each channel, or the `weighted_mean` of `mmssl.layers.WeightedMean`.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length`, to
        `features` (B, L, width) and `embedding` (B, width).

    Raises:
        ValueError: `width` is not a multiple of `num_heads`, the width of a head is odd with
            `rotary` positions, or a choice is unknown.

    Reference:
        Devlin, Chang, Lee, Toutanova 2019, arXiv 1810.04805.
    """
    check_choices(bert_encoder, positions=positions, pool=pool)
    check_heads("bert_encoder", width, num_heads, positions)
    inputs = token_inputs()
    token_ids = inputs["token_ids"]
    initializer = keras.initializers.TruncatedNormal(stddev=0.02)
    tokens = keras.layers.ReversibleEmbedding(
        vocabulary_size, width, embeddings_initializer=initializer, name="token_embedding"
    )(token_ids)
    segments = keras.layers.Embedding(
        2, width, embeddings_initializer=initializer, name="segment_embedding"
    )(SegmentIds(separator)(token_ids))
    summands = [tokens, segments]
    if positions == "learned":
        summands.append(position_table(length)(tokens))
    x = keras.layers.Add()(summands)
    x = keras.layers.LayerNormalization(epsilon=EPSILON)(x)
    x = keras.layers.Dropout(dropout)(x)
    return post_norm_encoder(
        inputs,
        x,
        inputs["padding_mask"],
        positions,
        "bert_encoder",
        pool,
        depth=depth,
        num_heads=num_heads,
        mlp_dim=mlp_dim,
        dropout=dropout,
        epsilon=EPSILON,
    )
