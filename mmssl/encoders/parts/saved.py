"""Loading of pretrained encoders."""

import re
import zipfile
from pathlib import Path
from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.dropout import with_dropout
from mmssl.layers import TokenPooling
from mmssl.reading import check_fits, check_regular

_REASON = 300  # characters of what Keras says, which may repeat all of a configuration
_REMEDY = (
    "if it belongs to a run whose checkpoint is whole, delete it, and the same `mmssl pretrain` "
    "command writes it again"
)


def load_encoder(
    path: str, dropout: float | None = None, pool: Literal["token"] | None = None
) -> keras.Model:
    """Loads the encoder of a run, for another method to train further.

    Args:
        path: run folder, or file such as `runs/bert/encoder.keras`.
        dropout: new rate for all dropout layers, in [0, 1); None keeps their rates.
        pool: `token` makes the features of the first token, such as [CLS], the embedding; None
            keeps the encoder's own pooling.

    Returns:
        keras.Model with outputs `features` and `embedding`.

    Raises:
        ValueError: the file does not exist, is damaged or is not an encoder, or `pool` is given for
            an encoder whose features are not tokens.
    """
    check_choices(load_encoder, pool=pool)
    file = Path(path).expanduser()
    file = file / "encoder.keras" if file.is_dir() else file
    if not file.is_file():
        raise ValueError(
            f"load_encoder(path={str(path)!r}) finds no {file.name}: pass the folder of a finished "
            "run, or its encoder.keras."
        )
    encoder = read_model(file)
    outputs = getattr(encoder, "output", None)
    if not isinstance(outputs, dict) or "embedding" not in outputs:
        raise ValueError(f"{file} is not an encoder: the model has no output `embedding`.")
    if dropout is not None:
        encoder = with_dropout(encoder, dropout)
    return encoder if pool is None else _first_token(encoder)


def read_model(path, remedy=_REMEDY):
    """Reads a `.keras` file, once all of it has been found whole.

    Args:
        path: pathlib.Path.
        remedy: str, what to do where it is damaged.

    Returns:
        keras.Model, not compiled.

    Raises:
        ValueError: the file is damaged, or Keras cannot read it.
    """
    if path.suffix != ".keras":
        raise ValueError(
            f"{path} is no .keras file, and models in other formats, such as .h5, are not read: "
            "what they hold may be code."
        )
    check_archive(path, remedy)  # Keras itself would miss a flipped bit of a weight
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds
        raise ValueError(f"{path} {_refusal(error)}") from None


def _refusal(error):
    """Says in a sentence why Keras does not load a model."""
    text = " ".join(str(error).split()) or type(error).__name__
    if "lambda" in text.lower():
        return (
            "holds a Lambda layer, whose code is not run: save the model with layers of Keras or "
            "of a registered class in its place."
        )
    foreign = re.search(r"Could not (?:locate|deserialize) (?:\w+ )?'([^']*)'", text)
    if foreign:
        return (
            f"names {foreign[1]}, which is neither of Keras nor of mmssl, and is not imported: "
            "import the module that registers it first."
        )
    return f"cannot be read: {text[:_REASON]}"


def check_archive(path, remedy=_REMEDY):
    """Reads a `.keras` file through, and compares what it holds with its checksums.

    Args:
        path: pathlib.Path.
        remedy: str, what to do where it is damaged.

    Raises:
        ValueError: the file is damaged.
    """
    check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_fits("it", sum(info.file_size for info in archive.infolist()))
            damaged = archive.testzip()
        reason = damaged and f"bad checksum of {damaged}"
    except Exception as error:  # what a damaged archive raises is without number
        reason = " ".join(str(error).split()) or type(error).__name__
    if reason:
        raise ValueError(f"{path} is damaged ({reason}): {remedy}.")


def _first_token(encoder):
    """Returns the same network with its first token as the embedding."""
    features = encoder.output["features"]
    if len(features.shape) != 3:
        raise ValueError(
            "load_encoder(pool='token') needs an encoder whose features are tokens, (B, L, C); "
            f"those of {encoder.name} have shape {features.shape}."
        )
    embedding = TokenPooling("token", name="pool", dtype="float32")(features)
    outputs = {"features": features, "embedding": embedding}
    return keras.Model(encoder.input, outputs, name=encoder.name)
