"""Projectors and predictors: the small networks between an encoder and its loss."""

from typing import Literal

import keras

from mmssl.encoders.parts.normalization import batch_normalization

MOMENTUM = 0.9  # of batch norm's moving statistics
# What batch norm learns after the last layer, by name.
LAST_NORM = {"plain": (False, False), "scale": (True, False), "affine": (True, True)}


def mlp(
    inputs: int,
    widths: tuple[int, ...],
    normalize: bool = True,
    last_norm: Literal["plain", "scale", "affine"] | None = None,
    last_bias: bool = True,
    activation: str = "relu",
    name: str | None = None,
) -> keras.Model:
    """Builds a stack of dense layers; the activation follows all but the last.

    A layer that batch norm follows has no bias, which the norm would take away again.

    Args:
        inputs: width of what it takes.
        widths: width of each layer, one or more; a single one is a linear map.
        normalize: batch norm before every activation.
        last_norm: batch norm after the last layer: `plain` learns nothing, `scale` a factor,
            `affine` a factor and an offset; None is without.
        last_bias: whether the last layer has a bias, where no norm follows it.
        activation: name of a Keras activation.
        name: of the model.

    Returns:
        keras.Model from (B, inputs) to float32 (B, widths[-1]).

    Raises:
        ValueError: there is no layer, or a width is below 1.
    """
    if not widths or min(widths) < 1:
        raise ValueError(
            f"The {name or 'mlp'} needs the width of each of its layers, one or more, all 1 or "
            f"above; got {tuple(widths)}."
        )
    vectors = x = keras.Input((inputs,))
    *hidden, last = widths
    for width in hidden:
        x = keras.layers.Dense(width, use_bias=not normalize)(x)
        if normalize:
            x = batch_normalization(MOMENTUM)(x)
        x = keras.layers.Activation(activation)(x)
    x = keras.layers.Dense(last, use_bias=last_bias and not last_norm, dtype="float32")(x)
    if last_norm:
        scale, center = LAST_NORM[last_norm]
        x = batch_normalization(MOMENTUM, scale=scale, center=center, dtype="float32")(x)
    return keras.Model(vectors, x, name=name)


def with_head(encoder: keras.Model, head: keras.Model) -> keras.Model:
    """Joins an encoder and the head on its embedding into one network; layers are shared.

    Args:
        encoder: functional keras.Model with an output `embedding`.
        head: keras.Model from (B, D) to (B, D').

    Returns:
        keras.Model from the encoder's inputs to `embedding` and `projection`.
    """
    embedding = encoder.output["embedding"]
    return keras.Model(encoder.input, {"embedding": embedding, "projection": head(embedding)})


def behind_head(encoder: keras.Model, head: keras.layers.Layer) -> keras.Model:
    """Builds the network whose embedding is what a head makes of the encoder's; layers are shared.

    Args:
        encoder: functional keras.Model with an output `embedding`.
        head: keras.Model or layer from (B, D) to (B, D').

    Returns:
        keras.Model from the encoder's inputs to `embedding` (B, D').
    """
    return keras.Model(encoder.input, {"embedding": head(encoder.output["embedding"])})
