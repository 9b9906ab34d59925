"""RoBERTa's transformer encoder with named stages: the text encoder of data2vec."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.positions import position_table
from mmssl.encoders.parts.tokens import check_heads, post_norm_encoder, token_inputs
from mmssl.layers import FrameMask

EPSILON = 1e-5  # of every layer norm


def roberta_encoder(
    vocabulary_size: int = 50265,
    length: int = 512,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.1,
    positions: Literal["learned", "rotary"] = "learned",
    table_stddev: float = 0.02,
) -> keras.Model:
    """Builds RoBERTa's encoder: token and position embeddings, post-norm transformer blocks.

    Unlike `bert_encoder`, it has no segment embeddings, and every hidden state is accessible by
    name (see `mmssl.encoders.parts.stages`).

    Args:
        vocabulary_size: number of token ids.
        length: maximum sequence length, in tokens.
        width: width of the model and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the embeddings and inside the blocks.
        positions: `learned` is the paper's table; `rotary` rotates queries and keys by their
            position instead, see `bert_encoder`.
        table_stddev: initial standard deviation of the token and position embeddings, above 0.
            Since a layer norm follows, it only changes how far a training step rotates an
            embedding. In data2vec at a high learning rate, small embeddings drift with the gradient
            noise; with 0.2 the student explained more of the targets, which improved no probe in
            short trainings.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length`, to
        `features` (B, L, width) and `embedding` (B, width), their mean over the tokens. The layer
        `tokens` is the token embedding, `position_embedding` the position embedding (initialized to
        sines and cosines, as in `bert_encoder`), `embedding_norm` the layer norm of their sum.

    Raises:
        ValueError: `width` is not a multiple of `num_heads`, the width of a head is odd with
            `rotary` positions, a choice is unknown, or `table_stddev` is not above 0.

    Reference:
        Liu et al. 2019, arXiv 1907.11692.
    """
    check_choices(roberta_encoder, positions=positions)
    check_heads("roberta_encoder", width, num_heads, positions)
    if table_stddev <= 0:
        raise ValueError(f"roberta_encoder(table_stddev={table_stddev}) must be above 0.")
    inputs = token_inputs()
    initializer = keras.initializers.TruncatedNormal(stddev=table_stddev)
    x = keras.layers.Embedding(
        vocabulary_size, width, embeddings_initializer=initializer, name="tokens"
    )(inputs["token_ids"])
    if positions == "learned":
        x = keras.layers.Add()([x, position_table(length, table_stddev)(x)])
    x = keras.layers.LayerNormalization(epsilon=EPSILON, name="embedding_norm")(x)
    x = keras.layers.Dropout(dropout, name="positioned")(x)
    return post_norm_encoder(
        inputs,
        x,
        FrameMask(1, name="token_mask")(inputs["padding_mask"]),
        positions,
        "roberta_encoder",
        depth=depth,
        num_heads=num_heads,
        mlp_dim=mlp_dim,
        dropout=dropout,
        epsilon=EPSILON,
    )
