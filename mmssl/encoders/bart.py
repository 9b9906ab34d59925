"""BART's bidirectional encoder of text."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.positions import position_table
from mmssl.encoders.parts.tokens import check_heads, post_norm_encoder, token_inputs

EPSILON = 1e-5  # of every layer norm


def bart_encoder(
    vocabulary_size: int = 50265,
    length: int = 1024,
    width: int = 768,
    depth: int = 6,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.1,
    positions: Literal["learned", "rotary"] = "learned",
) -> keras.Model:
    """Builds BART's encoder: normalized embeddings and post-norm transformer blocks.

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
            learns a small corpus in a fraction of the steps.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length`, to
        `features` (B, L, width) and `embedding` (B, width), their mean over the tokens.

    Raises:
        ValueError: `width` is not a multiple of `num_heads`, the width of a head is odd with
            `rotary` positions, or a choice is unknown.

    Reference:
        Lewis, Liu, Goyal, Ghazvininejad, Mohamed, Levy, Stoyanov, Zettlemoyer 2019, 1910.13461.
    """
    check_choices(bart_encoder, positions=positions)
    check_heads("bart_encoder", width, num_heads, positions)
    inputs = token_inputs()
    x = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
        reverse_dtype="float32",
        name="token_embedding",
    )(inputs["token_ids"])
    if positions == "learned":
        x = keras.layers.Add()([x, position_table(length)(x)])
    x = keras.layers.LayerNormalization(epsilon=EPSILON, name="embedding_norm")(x)
    x = keras.layers.Dropout(dropout)(x)
    return post_norm_encoder(
        inputs,
        x,
        inputs["padding_mask"],
        positions,
        "bart_encoder",
        depth=depth,
        num_heads=num_heads,
        mlp_dim=mlp_dim,
        dropout=dropout,
        epsilon=EPSILON,
    )
