"""The graph of a model that is not ours: on other inputs, opened, and copied."""

import math

import keras
import numpy as np

NESTED = keras.Sequential | keras.Function


def expanded(model):
    """Opens the models that are nested in a model, so that each of its layers has a name.

    Args:
        model: functional or sequential keras.Model.

    Returns:
        functional keras.Model of the same layers, from a list of inputs to a list of outputs.
        Normalization layers hold their statistics as constants, which weights that are set would
        not reach.
    """

    def call(layer, *args, **kwargs):
        given = [value for value in kwargs.values() if value is not None]
        if isinstance(layer, NESTED) and len(args) == 1 and not given:
            outputs = expanded(layer).call(keras.tree.flatten(args[0]))
            return keras.tree.pack_sequence_as(layer.output, keras.tree.flatten(outputs))
        if isinstance(layer, keras.layers.Normalization):
            layer = _constant(layer)
        return layer(*args, **kwargs)

    plain = keras.Model(model.inputs, model.outputs)
    if not any(isinstance(x, NESTED | keras.layers.Normalization) for x in plain.layers):
        return plain
    return keras.models.clone_model(plain, clone_function=lambda x: x, call_function=call)


class UnsavableError(ValueError):
    """A model cannot be saved and loaded, as the encoder of a run is."""


def copied(model):
    """Copies a model with its weights, as saving and loading would.

    Args:
        model: functional keras.Model whose inputs have names.

    Returns:
        keras.Model; where its layers have the policy float32, they get the present global one.

    Raises:
        UnsavableError: it cannot be saved and loaded, or would compute something else after that.
    """
    try:
        config = keras.saving.serialize_keras_object(model)
        policies = {layer.dtype_policy.name for layer in inner_layers(model)}
        moved = policies == {"float32"} and keras.config.dtype_policy().name != "float32"
        if moved:
            config = _with_policy(config, keras.config.dtype_policy().name)
        copy = keras.saving.deserialize_keras_object(config)
        copy.set_weights(model.get_weights())
    except Exception as error:  # Keras raises many kinds
        reason = str(error).rpartition("Exception encountered: ")[2]
        raise UnsavableError(_unsavable(model, " ".join(reason.split())[:200])) from None
    if not moved and not _equal(model, copy):
        raise UnsavableError(_unsavable(model, "a layer of it does not save all of its arguments"))
    return copy


def _unsavable(model, reason):
    return f"{model.name} cannot be saved and loaded, as the encoder of a run is: {reason}."


def _equal(model, copy):
    """Whether two models compute the same, of random numbers."""
    example = {name: _example(x) for name, x in model.input.items()}
    pairs = zip(
        *(keras.tree.flatten(m(example, training=False)) for m in (model, copy)), strict=True
    )
    return all(np.allclose(*map(keras.ops.convert_to_numpy, pair), 1e-3, 1e-4) for pair in pairs)


def _example(tensor):
    shape = [size or 2 for size in tensor.shape]
    if tensor.dtype == "int32":
        return np.ones(shape, "int32")
    return np.random.default_rng(0).random(shape, "float32")


def _constant(layer):
    """Returns a Normalization layer whose mean and variance are constants of its config."""
    if layer.input_mean is not None or layer.invert:
        return layer
    mean, variance = (
        keras.ops.convert_to_numpy(x).ravel().tolist() for x in (layer.mean, layer.variance)
    )
    axis = layer.axis[0] if len(layer.axis) == 1 else layer.axis
    return keras.layers.Normalization(axis, mean, variance, name=layer.name, dtype="float32")


def _with_policy(config, name):
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return keras.dtype_policies.serialize(keras.DTypePolicy(name))
        return {key: _with_policy(value, name) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_with_policy(value, name) for value in config)
    return config


def inner_layers(model):
    """Lists the layers of a model but its inputs, first to last."""
    return [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]


def extents(tensor):
    """Returns the axes of a KerasTensor between batch and channels, such as (H, W)."""
    return tuple(tensor.shape[1:-1])


def last_map(model):
    """Finds the last output of a model, or else of its layers, with an axis of space or time.

    Args:
        model: functional keras.Model whose layers are called once each.

    Returns:
        KerasTensor (B, ..., C), None if there is none.
    """
    outputs = [x for x in model.outputs if extents(x)]
    if outputs:
        return outputs[-1]
    layers = reversed([layer.output for layer in inner_layers(model)])
    maps = (x for x in layers if isinstance(x, keras.KerasTensor) and extents(x))
    return next((x for x in maps if all(n is None or n > 1 for n in extents(x))), None)


def leading_tokens(tokens):
    """Counts the tokens before the patches of a square picture: one is a class token.

    Args:
        tokens: KerasTensor (B, T, C).
    """
    return tokens.shape[1] - math.isqrt(tokens.shape[1]) ** 2
