"""Changing the dropout rate of an existing encoder."""

import keras

RATES = (  # names of rates in the configs of layers, and of backbones of KerasHub
    "dropout",
    "rate",
    "dropout_rate",
    "attention_dropout",
    "attention_dropout_rate",
    "drop_path_rate",
)


def with_dropout(encoder, rate):
    """Copies an encoder, including its weights, with another dropout rate.

    Args:
        encoder: functional keras.Model.
        rate: in [0, 1), for every layer with dropout, including stochastic depth.

    Returns:
        keras.Model like the encoder.

    Raises:
        ValueError: the rate is out of range.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"with_dropout(rate=...) must be in [0, 1); got {rate}.")

    def copy(layer):
        config = layer.get_config()
        return type(layer).from_config(config | {n: rate for n in RATES if n in config})

    copied = keras.models.clone_model(encoder, clone_function=copy)
    for own, theirs in zip(copied.weights, encoder.weights, strict=True):
        own.assign(theirs)
    return copied
