"""One-dimensional convolutions over tokens."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.positions import position_table
from mmssl.encoders.parts.tokens import embedded_tokens, pooled_tokens, token_inputs
from mmssl.layers import ZeroMaskedFrames


def token_conv_encoder(
    vocabulary_size: int = 10000,
    length: int = 200,
    width: int = 128,
    kernel_size: int = 16,
    depth: int = 3,
    dropout: float = 0.1,
    pool: Literal["mean", "max", "weighted_mean"] = "weighted_mean",
) -> keras.Model:
    """Builds the 1-D CNN of CodeSearchNet: convolutions of tokens and learned positions.

    Each block is a convolution, from the second one on with its input added, then tanh. What is
    padding counts as zero in each, so that it changes nothing.

    Args:
        vocabulary_size: number of token ids.
        length: maximum sequence length, in tokens.
        width: of every layer, and of the embedding.
        kernel_size: tokens that a convolution looks at.
        depth: number of blocks, 1 or more.
        dropout: rate in [0, 1), on the token vectors and after each block.
        pool: how the tokens become one vector; see `pooled_tokens`.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L) with L up to `length`, to
        `features` (B, L, width) and `embedding` (B, width).

    Raises:
        ValueError: `pool` is unknown, or `depth` below 1.

    Reference:
        Husain et al. 2019, arXiv 1909.09436; Kim 2014, arXiv 1408.5882.
    """
    check_choices(token_conv_encoder, pool=pool)
    if depth < 1:
        raise ValueError(f"token_conv_encoder(depth=...) must be 1 or more; got {depth}.")
    inputs = token_inputs()
    tokens = embedded_tokens(inputs, vocabulary_size, width, dropout)
    x = keras.layers.Add()([tokens, position_table(length)(tokens)])
    for number in range(1, depth + 1):
        x = ZeroMaskedFrames()([x, inputs["padding_mask"]])
        y = keras.layers.Conv1D(width, kernel_size, padding="same")(x)
        y = y if number == 1 else keras.layers.Add()([y, x])
        y = keras.layers.Activation("tanh")(y)
        x = keras.layers.Dropout(dropout, name=f"block_{number}")(y)
    embedding = pooled_tokens(x, inputs["padding_mask"], pool)
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="token_conv_encoder")
