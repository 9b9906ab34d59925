"""Recurrent networks that read tokens from both ends."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.tokens import embedded_tokens, pooled_tokens, token_inputs
from mmssl.layers import ReverseTokens

_CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def token_rnn_encoder(
    vocabulary_size: int = 10000,
    width: int = 128,
    hidden: int = 64,
    depth: int = 2,
    cell: Literal["lstm", "gru"] = "lstm",
    dropout: float = 0.2,
    pool: Literal["mean", "max", "weighted_mean"] = "weighted_mean",
) -> keras.Model:
    """Builds the bidirectional RNN of CodeSearchNet.

    One stack of recurrent layers reads the tokens from the first to the last, another from the last
    to the first; a token's features are what both say at it. `block_1` are the features of both.

    Args:
        vocabulary_size: number of token ids.
        width: of a token's vector.
        hidden: width of a recurrent layer; half that of the embedding.
        depth: recurrent layers in each direction, 1 or more.
        cell: kind of the layers.
        dropout: rate in [0, 1), on the token vectors and after each layer.
        pool: how the tokens become one vector; see `pooled_tokens`.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, L), to `features`
        (B, L, 2 * hidden) and `embedding` (B, 2 * hidden).

    Raises:
        ValueError: a choice is unknown, or `depth` below 1.

    Reference:
        Husain et al. 2019, arXiv 1909.09436; Schuster, Paliwal 1997.
    """
    check_choices(token_rnn_encoder, cell=cell, pool=pool)
    if depth < 1:
        raise ValueError(f"token_rnn_encoder(depth=...) must be 1 or more; got {depth}.")
    inputs = token_inputs()
    mask = inputs["padding_mask"]
    tokens = embedded_tokens(inputs, vocabulary_size, width, dropout)
    turn = ReverseTokens(name="reverse")
    forward = _stack(tokens, cell, hidden, depth, dropout, "forward")
    backward = _stack(turn([tokens, mask]), cell, hidden, depth, dropout, "backward")
    x = keras.layers.Concatenate(name="block_1")([forward, turn([backward, mask])])
    embedding = pooled_tokens(x, mask, pool)
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="token_rnn_encoder")


def _stack(x, cell, hidden, depth, dropout, name):
    """Reads tokens in order; padding comes last, and so changes none before it."""
    for number in range(1, depth + 1):
        x = _CELLS[cell](hidden, return_sequences=True, name=f"{name}_{number}")(x)
        x = keras.layers.Dropout(dropout)(x)
    return x
