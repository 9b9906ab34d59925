"""Encoders that were trained before."""

from pathlib import Path

import keras

from mmssl.encoders.dropout import with_dropout


def saved_encoder(path: str, dropout: float | None = None) -> keras.Model:
    """Reads the encoder of a run, for another method to train further.

    Args:
        path: run folder, or file such as `runs/bert/encoder.keras`.
        dropout: another rate for all its dropout, in [0, 1); None keeps what it was trained with.

    Returns:
        keras.Model with outputs `features` and `embedding`.

    Raises:
        ValueError: there is no such file, or it holds something else.
    """
    file = Path(path).expanduser()
    file = file / "encoder.keras" if file.is_dir() else file
    if not file.is_file():
        raise ValueError(
            f"saved_encoder(path={str(path)!r}) finds no {file.name}: give the folder of a run "
            "whose training has ended, or its encoder.keras."
        )
    encoder = keras.models.load_model(file, compile=False)
    outputs = getattr(encoder, "output", None)
    if not isinstance(outputs, dict) or "embedding" not in outputs:
        raise ValueError(f"{file} holds a model that is no encoder: it has no output `embedding`.")
    return encoder if dropout is None else with_dropout(encoder, dropout)
