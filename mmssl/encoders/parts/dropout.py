"""Dropout of an encoder that is there."""

import keras

RATES = ("dropout", "rate")  # as layers with dropout name it


def with_dropout(encoder, rate):
    """Copies an encoder, weights included, with another rate of dropout.

    Args:
        encoder: functional keras.Model.
        rate: in [0, 1), of every layer that has dropout, dropped paths included.

    Returns:
        keras.Model like the encoder.

    Raises:
        ValueError: the rate is out of its range.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"with_dropout(rate=...) is in [0, 1); got {rate}.")

    def copy(layer):
        config = layer.get_config()
        return type(layer).from_config(config | {n: rate for n in RATES if n in config})

    copied = keras.models.clone_model(encoder, clone_function=copy)
    copied.set_weights(encoder.get_weights())
    return copied
