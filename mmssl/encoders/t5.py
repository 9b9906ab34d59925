"""T5's bidirectional encoder of text."""

import keras

from mmssl.encoders.parts.tokens import check_heads, token_inputs
from mmssl.layers import BucketedPositionBias, MaskedMean, PaddingMask, PositionIds, T5Block


def t5_encoder(
    vocabulary_size: int = 32100,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.1,
) -> keras.Model:
    """Builds T5's encoder: pre-norm blocks without biases, and positions by distance.

    All blocks share one attention bias, a weight for each head and bucket of distances, so texts
    may be of any length.

    Args:
        vocabulary_size: number of token ids, sentinels included.
        width: width of the model and of the embedding; a multiple of `num_heads`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the embeddings, inside the blocks and on the features.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L), to `features` (B, L, width)
        and `embedding` (B, width), their mean over the tokens.

    Raises:
        ValueError: `width` is not a multiple of `num_heads`.

    Reference:
        Raffel, Shazeer, Roberts, Lee, Narang, Matena, Zhou, Li, Liu 2019, arXiv 1910.10683.
    """
    check_heads("t5_encoder", width, num_heads, "relative")
    inputs = token_inputs()
    token_ids, padding_mask = inputs.values()
    # Of unit variance, since the decoder divides by the root of the width before it compares.
    x = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        reverse_dtype="float32",
        name="token_embedding",
    )(token_ids)
    position_ids = PositionIds(name="position_ids")(x)
    bias = BucketedPositionBias(num_heads, width**-0.5, name="position_bias")
    bias = bias(position_ids, position_ids)
    visible = PaddingMask(name="visible")(padding_mask)
    x = keras.layers.Dropout(dropout)(x)
    for number in range(1, depth + 1):
        block = T5Block(num_heads, mlp_dim, dropout, name=f"block_{number}")
        x = block(x, visible, bias=bias)
    x = keras.layers.RMSNormalization(epsilon=1e-6, name="norm")(x)
    x = keras.layers.Dropout(dropout)(x)
    embedding = MaskedMean(name="pool", dtype="float32")([x, padding_mask])
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="t5_encoder")
