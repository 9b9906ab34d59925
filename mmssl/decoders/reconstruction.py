"""Decoders from features of any kind to an array of a given shape."""

import math

import keras

from mmssl.layers import TiedDense


def reconstruction_decoder(
    features,
    shape: tuple[int, ...],
    widths: tuple[int, ...] = (),
    activation: str = "relu",
    upsampling: int | None = None,
) -> keras.Model:
    """Builds a decoder from a vector, a sequence or a map to an array.

    A vector is decoded by dense layers, a sequence and a map by transposed convolutions, which
    double the number of positions until there are enough; those that are too many are cut off.

    Args:
        features: KerasTensor (None, C), (None, T, C) or (None, H, W, C).
        shape: of the output without the batch: any for a vector, (T', C') for a sequence,
            (H', W', C') for a map.
        widths: of the layers before the last.
        activation: name of a Keras activation, after every layer but the last.
        upsampling: a power of 2, positions of the output for each position of the features along an
            axis; None for what their number asks for.

    Returns:
        keras.Model from the features to float32 (B, *shape).

    Raises:
        ValueError: the features have other axes than the output, `upsampling` is no power of 2, or
            it is None where the number of positions is unknown.
    """
    inputs = x = keras.Input(features.shape[1:])
    if len(features.shape) == 2:
        for width in widths:
            x = keras.layers.Dense(width, activation=activation)(x)
        x = keras.layers.Dense(math.prod(shape), dtype="float32", name="outputs")(x)
        return keras.Model(inputs, keras.layers.Reshape(shape)(x), name="reconstruction_decoder")
    *places, channels = shape
    factor = _factor(features.shape[1:-1], places, upsampling)
    convolution = {1: keras.layers.Conv1DTranspose, 2: keras.layers.Conv2DTranspose}[len(places)]
    strides = _strides(factor, len(widths) + 1)
    for width, stride in zip(widths, strides, strict=False):
        x = convolution(
            width,
            max(3, 2 * stride),
            stride,
            padding="same",
            activation=activation,
            kernel_initializer="he_normal",
        )(x)
    last = {"padding": "same", "dtype": "float32", "name": "outputs"}
    x = convolution(channels, max(3, 2 * strides[-1]), strides[-1], **last)(x)
    kept = tuple(slice(0, count) for count in places)
    return keras.Model(inputs, x[(slice(None), *kept)], name="reconstruction_decoder")


def latent_decoder(
    latents: int,
    features,
    shape: tuple[int, ...],
    widths: tuple[int, ...] = (),
    activation: str = "relu",
    upsampling: int | None = None,
) -> keras.Model:
    """Builds a decoder from a short code, which a dense layer first leads back to features.

    Args:
        latents: length of the code, 1 or more.
        features: KerasTensor, see `reconstruction_decoder`, all of whose axes are known.
        shape: see `reconstruction_decoder`, as for the other arguments.

    Returns:
        keras.Model from (B, latents) to float32 (B, *shape).

    Raises:
        ValueError: the code is empty, an axis of the features is unknown, or see
            `reconstruction_decoder`.
    """
    kept = features.shape[1:]
    if latents < 1 or None in kept:
        raise ValueError(
            f"A code of {latents} latents cannot be led back to features {tuple(kept)}: it needs 1 "
            "or more of them, and features of a fixed size."
        )
    codes = keras.Input((latents,))
    lifted = keras.layers.Dense(math.prod(kept), activation=activation)(codes)
    back = reconstruction_decoder(features, shape, widths, activation, upsampling)
    outputs = back(keras.layers.Reshape(kept)(lifted))
    return keras.Model(codes, outputs, name="latent_decoder")


def tied_decoder(layers, shape: tuple[int, ...]) -> keras.Model:
    """Builds the way back through dense layers, with their weights transposed.

    Args:
        layers: list of keras.layers.Dense of an encoder, built, first to last; each way back has
            the activation of the layer before.
        shape: of the output without the batch; its values are those that the first layer sees.

    Returns:
        keras.Model from (B, H) of the last layer to float32 (B, *shape).

    Raises:
        ValueError: a layer is not dense, or the shape has another number of values.
    """
    if not layers or not all(isinstance(layer, keras.layers.Dense) for layer in layers):
        raise ValueError(
            "tied=True goes back through the dense layers of an encoder such as dense_encoder: "
            "set it to False."
        )
    seen = layers[0].kernel.shape[0]
    if seen != math.prod(shape):
        raise ValueError(
            f"The encoder sees {seen} values and {tuple(shape)} are to be predicted: set gray for "
            "both the data and the encoder, or for neither."
        )
    inputs = x = keras.Input((layers[-1].units,))
    for below, layer in zip(reversed(layers[:-1]), reversed(layers[1:]), strict=True):
        x = TiedDense(layer, below.activation)(x)
    x = TiedDense(layers[0], dtype="float32", name="outputs")(x)
    return keras.Model(inputs, keras.layers.Reshape(shape)(x), name="tied_decoder")


def _factor(found, wanted, given):
    """Returns by how much positions multiply along each axis, a power of 2."""
    if len(found) != len(wanted):
        raise ValueError(
            f"Features with positions {tuple(found)} cannot be decoded to {tuple(wanted)}: they "
            "need as many axes, or none (a vector)."
        )
    if given is not None:
        if given < 1 or given & (given - 1):
            raise ValueError(f"upsampling={given} must be a power of 2, such as 8.")
        return given
    if None in found:
        raise ValueError("upsampling must be given where an encoder's frames are of any number.")
    most = max(math.ceil(b / a) for a, b in zip(found, wanted, strict=True))
    return 2 ** math.ceil(math.log2(most))


def _strides(factor, layers):
    """Distributes the doublings over the layers, the first ones first."""
    strides = [1] * layers
    for number in range(int(math.log2(factor))):
        strides[number % layers] *= 2
    return strides
