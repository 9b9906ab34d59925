"""Projectors and predictors: the small networks between an encoder and its loss."""

from typing import Literal

import keras

from mmssl.encoders.parts.normalization import batch_normalization

MOMENTUM = 0.9  # of batch norm's moving statistics
# Whether batch norm after the last layer has a scale and an offset, by name.
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
    """Builds a multilayer perceptron with an activation after every layer but the last.

    A layer followed by batch norm has no bias, which the norm would cancel.

    Args:
        inputs: width of the input.
        widths: width of each layer, at least one; a single layer is a linear map.
        normalize: whether to apply batch norm before every activation.
        last_norm: batch norm after the last layer: `plain` without learned parameters, with a
            learned `scale`, or `affine` with a scale and an offset; None for no batch norm.
        last_bias: whether the last layer has a bias if no batch norm follows.
        activation: name of a Keras activation.
        name: of the model.

    Returns:
        keras.Model from (B, inputs) to float32 (B, widths[-1]).

    Raises:
        ValueError: there is no layer, or a width is below 1.
    """
    if not widths or min(widths) < 1:
        raise ValueError(
            f"The widths of the {name or 'mlp'} must be those of one or more layers, all 1 or "
            f"more; got {tuple(widths)}."
        )
    vectors = keras.Input((inputs,))
    *hidden, last = widths
    x = _hidden(vectors, hidden, normalize, activation)
    x = keras.layers.Dense(last, use_bias=last_bias and not last_norm, dtype="float32")(x)
    if last_norm:
        scale, center = LAST_NORM[last_norm]
        x = batch_normalization(MOMENTUM, scale=scale, center=center, dtype="float32")(x)
    return keras.Model(vectors, x, name=name)


def classifier(inputs: int, hidden: tuple[int, ...], classes: int) -> keras.Model:
    """Builds a classifier whose logits begin at zero, so that its loss begins at log(classes).

    Args:
        inputs: width of the input.
        hidden: widths of layers with batch norm and ReLU before the last; none for a linear map.
        classes: number of classes.

    Returns:
        keras.Model from (B, inputs) to logits, float32 (B, classes).

    Raises:
        ValueError: a width is below 1.
    """
    if min(hidden, default=1) < 1:
        raise ValueError(f"hidden={tuple(hidden)} must be widths of 1 or more.")
    vectors = keras.Input((inputs,))
    x = _hidden(vectors, hidden, normalize=True, activation="relu")
    last = keras.layers.Dense(classes, kernel_initializer="zeros", dtype="float32", name="logits")
    return keras.Model(vectors, last(x), name="classifier")


def _hidden(x, widths, normalize, activation):
    for width in widths:
        x = keras.layers.Dense(width, use_bias=not normalize)(x)
        if normalize:
            x = batch_normalization(MOMENTUM)(x)
        x = keras.layers.Activation(activation)(x)
    return x


def with_head(encoder: keras.Model, head: keras.Model) -> keras.Model:
    """Adds a head's projection to the outputs of an encoder; layers are shared.

    Args:
        encoder: functional keras.Model with an output `embedding`.
        head: keras.Model from (B, D) to (B, D').

    Returns:
        keras.Model from the encoder's inputs to `embedding` and `projection`.
    """
    embedding = encoder.output["embedding"]
    return keras.Model(encoder.input, {"embedding": embedding, "projection": head(embedding)})


def behind_head(encoder: keras.Model, head: keras.layers.Layer) -> keras.Model:
    """Builds an encoder whose embedding is the output of a head; layers are shared.

    Args:
        encoder: functional keras.Model with an output `embedding`.
        head: keras.Model or layer from (B, D) to (B, D').

    Returns:
        keras.Model from the encoder's inputs to `embedding` (B, D').
    """
    return keras.Model(encoder.input, {"embedding": head(encoder.output["embedding"])})
