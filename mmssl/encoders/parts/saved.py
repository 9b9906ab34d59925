"""Encoders that were trained before."""

from pathlib import Path
from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.dropout import with_dropout
from mmssl.layers import TokenPooling


def load_encoder(
    path: str, dropout: float | None = None, pool: Literal["token"] | None = None
) -> keras.Model:
    """Reads the encoder of a run, for another method to train further.

    Args:
        path: run folder, or file such as `runs/bert/encoder.keras`.
        dropout: another rate for all its dropout, in [0, 1); None keeps what it was trained with.
        pool: another embedding, the features of the first `token`, such as [CLS]; None keeps the
            encoder's own.

    Returns:
        keras.Model with outputs `features` and `embedding`.

    Raises:
        ValueError: there is no such file, it holds something else, or an encoder without tokens.
    """
    check_choices(load_encoder, pool=pool)
    file = Path(path).expanduser()
    file = file / "encoder.keras" if file.is_dir() else file
    if not file.is_file():
        raise ValueError(
            f"load_encoder(path={str(path)!r}) finds no {file.name}: give the folder of a run "
            "whose training has ended, or its encoder.keras."
        )
    encoder = keras.models.load_model(file, compile=False)
    outputs = getattr(encoder, "output", None)
    if not isinstance(outputs, dict) or "embedding" not in outputs:
        raise ValueError(f"{file} holds a model that is no encoder: it has no output `embedding`.")
    if dropout is not None:
        encoder = with_dropout(encoder, dropout)
    return encoder if pool is None else _first_token(encoder)


def _first_token(encoder):
    """The same network, whose embedding is its first token."""
    features = encoder.output["features"]
    if len(features.shape) != 3:
        raise ValueError(
            f"load_encoder(pool='token') takes an encoder whose features are tokens, (B, L, C); "
            f"{encoder.name} has {features.shape}."
        )
    embedding = TokenPooling("token", name="pool", dtype="float32")(features)
    outputs = {"features": features, "embedding": embedding}
    return keras.Model(encoder.input, outputs, name=encoder.name)
