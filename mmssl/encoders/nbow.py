"""A bag of words as an encoder: word vectors, and their mean, weighted as is learned."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.tokens import embedded_tokens, pooled_tokens, token_inputs


def nbow_encoder(
    vocabulary_size: int = 10000,
    width: int = 128,
    dropout: float = 0.1,
    pool: Literal["mean", "max", "weighted_mean"] = "weighted_mean",
) -> keras.Model:
    """Builds a neural bag of words, the baseline of CodeSearchNet.

    Args:
        vocabulary_size: number of token ids.
        width: of a word's vector, and of the embedding.
        dropout: rate in [0, 1), on the vectors.
        pool: how the vectors of a text become one; see `pooled_tokens`.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L), to `features`
        (B, L, width), the words' vectors, and `embedding` (B, width).

    Raises:
        ValueError: `pool` is unknown.

    Reference:
        Husain et al. 2019, arXiv 1909.09436.
    """
    check_choices(nbow_encoder, pool=pool)
    inputs = token_inputs()
    vectors = embedded_tokens(inputs, vocabulary_size, width, dropout)
    embedding = pooled_tokens(vectors, inputs["padding_mask"], pool)
    return keras.Model(inputs, {"features": vectors, "embedding": embedding}, name="nbow_encoder")
