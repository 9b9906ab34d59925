"""Any Keras model as an encoder."""

import difflib
from typing import Any, Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.graph import (
    UnsavableError,
    copied,
    expanded,
    extents,
    inner_layers,
    last_map,
    leading_tokens,
)
from mmssl.encoders.parts.opening import opened
from mmssl.encoders.parts.pixels import SCALINGS, Pixels, scaling_of
from mmssl.encoders.parts.tokens import token_inputs
from mmssl.layers import GridPooling, MaskedMean, SegmentIds, TokenPooling

TEXT = {"token_ids", "padding_mask"}
NO_TOKEN = -1


def adapt(
    model: Any,
    layer: str | None = None,
    pool: Literal["mean", "token"] = "mean",
    pixels: Pixels | None = None,
    batch_norm_momentum: float | None = 0.9,
    arguments: dict[str, Any] | None = None,
    size: int | None = None,
    vocabulary_size: int | None = None,
    length: int | None = None,
    separator: int | None = 3,
) -> keras.Model:
    """Makes an encoder of a Keras model of pictures or of text, with the weights that it has.

    The model is copied, and stays as it is. Its batch norms are synchronized across replicas. It
    has no named blocks: `layer` decides how much of it is used.

    Args:
        model: keras.Model with one input (B, H, W, 3), or with the inputs `token_ids` and
            `padding_mask` (and `segment_ids`), such as a network of keras.applications or a
            backbone of KerasHub; or a str: the path of a `.keras` file or of the folder of a
            KerasHub preset, or the name of a builder, such as `"keras.applications.ResNet50V2"` or
            `"keras_hub.models.ViTBackbone"`, whose network begins with new weights.
        layer: name of the layer whose output, (B, H, W, C) or (B, T, C), is `features`, layers of
            nested models included; None for the last one with an axis of space or time.
        pool: the embedding is the `mean` of the map, of the tokens or of the patches (without a
            class token before them), or the first `token`.
        pixels: what the model takes in place of [0, 1]: `unit` the same, `signed` [-1, 1], `bytes`
            [0, 255], `imagenet` channels standardized by ImageNet's mean and deviation, `caffe`
            blue, green and red bytes less ImageNet's mean. None for what a network of
            keras.applications, a first Rescaling layer, or the image converter of a preset tells.
        batch_norm_momentum: of the moving statistics of its batch norms, in [0, 1); 0.99 and more,
            which many networks have, leave them far behind in a run of some hundred steps. None
            keeps the model's own.
        arguments: of the builder, where `model` names one, such as `{"alpha": 0.5}`; for
            `{"weights": "imagenet"}` Keras downloads published weights.
        size: height and width of the pictures in pixels; None for those of the model.
        vocabulary_size: number of token ids of the data, which the model must know; None for any.
        length: maximum sequence length of the data, in tokens; None for any.
        separator: token id of [SEP], from which `segment_ids` follow; None where there is none.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1], or from `token_ids` and
        `padding_mask` int32 (B, L), to `features` and `embedding` float32 (B, C). A model that has
        these outputs is returned as it is, unless `layer`, `pool` or `pixels` is given.

    Raises:
        ValueError: the model cannot be read or built, or is not one of pictures or text that can be
            saved and loaded; there is no such layer, or it has no axis of space or time; or the
            model cannot take the size, the vocabulary or the length.
    """
    check_choices(adapt, pool=pool, pixels=pixels)
    if batch_norm_momentum is not None and not 0 <= batch_norm_momentum < 1:
        raise ValueError(f"adapt(batch_norm_momentum={batch_norm_momentum}) must be in [0, 1).")
    model, scaling = opened(model, arguments, size)
    _check_functional(model)
    if _is_encoder(model) and (layer, pool, pixels) == (None, "mean", None):
        _check_text(model, vocabulary_size, length)
        return _of_size(model, size)
    if len(model.inputs) == 1 and len(model.inputs[0].shape) == 4:
        own = SCALINGS["unit"] if _is_encoder(model) else scaling
        scaling = SCALINGS[pixels] if pixels else own
        inputs, given = _pictures(model, scaling, size)
    elif TEXT <= {x.name for x in model.inputs} <= TEXT | {"segment_ids"}:
        inputs, given = _text(model, separator)
    else:
        raise ValueError(
            "adapt(model=...) takes a model of pictures, with one input (B, H, W, 3), or of text, "
            f"with the inputs token_ids and padding_mask; {model.name} has {_inputs(model)}."
        )
    whole = _copied(model, inputs, given, layer)
    _check_text(whole, vocabulary_size, length)
    encoder = _pooled(whole, _features(whole, layer), pool, model.name)
    _settle(encoder, batch_norm_momentum)
    return encoder


def _check_functional(model):
    if not isinstance(model, keras.Sequential | keras.Function) or not model.built:
        raise ValueError(
            "adapt(model=...) needs a functional model, or a Sequential one with an Input; "
            f"{model.name} is another kind, or has no inputs yet."
        )


def _is_encoder(model):
    outputs = None if isinstance(model, keras.Sequential) else model.output
    return isinstance(outputs, dict) and {"features", "embedding"} <= outputs.keys()


def _of_size(encoder, size):
    own = encoder.input["images"].shape[1] if "images" in encoder.input else None
    if None not in (own, size) and own != size:
        raise ValueError(
            f"{encoder.name} is an encoder of pictures of {own} pixels, not {size}: set data.size."
        )
    return encoder


def _inputs(model):
    return " and ".join(f"{x.name} {tuple(x.shape)}" for x in model.inputs)


def _pictures(model, scaling, size):
    """Inputs of an encoder of pictures, and what the model is given in place of its own."""
    _, *sides, channels = model.inputs[0].shape
    if channels != 3:
        raise ValueError(
            "adapt(model=...) needs a model of pictures (B, H, W, 3) with three channels; "
            f"{model.name} has {_inputs(model)}."
        )
    size = size or sides[0]
    if size is None:
        raise ValueError(
            f"adapt(size=...) must give the pixels per side, since {model.name} takes pictures of "
            "any size; in a recipe it follows data.size, which data of pictures have."
        )
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    scaling = scaling or scaling_of(model)
    return {"images": images}, [scaling.layers(images)]


def _text(model, separator):
    """Inputs of an encoder of text, and what the model is given in place of its own."""
    inputs = token_inputs()
    given = dict(inputs)
    if len(model.inputs) == len(TEXT) + 1:
        given["segment_ids"] = SegmentIds(NO_TOKEN if separator is None else separator)(
            inputs["token_ids"]
        )
    return inputs, [given[x.name] for x in model.inputs]


def _copied(model, inputs, given, layer):
    """Copies the model with all its layers or, where they cannot be saved, as one layer."""
    try:
        return copied(_connected(model, inputs, lambda: expanded(model).call(given)))
    except UnsavableError:
        if layer is not None:
            raise  # which names a layer that one layer would hide
    single = isinstance(model, keras.Sequential)
    whole = given[0] if single else keras.tree.pack_sequence_as(model.input, given)
    return copied(_connected(model, inputs, lambda: model(whole)))


def _connected(model, inputs, run):
    try:
        outputs = run()
    except Exception as error:  # what a layer raises on a wrong shape is without number
        shapes = " and ".join(f"{x.name} {tuple(x.shape)}" for x in inputs.values())
        raise ValueError(
            f"{model.name} takes {_inputs(model)} and cannot be run on {shapes}: "
            f"{' '.join(str(error).split())[:200]}."
        ) from None
    return keras.Model(inputs, keras.tree.flatten(outputs), name=model.name)


def _check_text(model, vocabulary_size, length):
    layers = model._flatten_layers()
    tables = [x.input_dim for x in layers if isinstance(x, keras.layers.Embedding)]
    if vocabulary_size and tables and max(tables) < vocabulary_size:
        raise ValueError(
            f"{model.name} knows {max(tables)} token ids, but the data have {vocabulary_size}: set "
            "data.vocabulary_size."
        )
    lengths = [x.sequence_length for x in model._flatten_layers() if hasattr(x, "sequence_length")]
    if length and lengths and min(lengths) < length:
        raise ValueError(
            f"{model.name} takes up to {min(lengths)} tokens, but the data have {length}: set "
            "data.length."
        )


def _features(model, name):
    """The output of the named layer, or the last one with an axis of space or time."""
    last = last_map(model)
    names = [x.name for x in inner_layers(model)]
    if name is None and last is None:
        raise ValueError(
            f"{model.name} has no layer with an axis of space or time, (B, H, W, C) or (B, T, C)."
        )
    if name is None:
        return last
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3) or names[-3:]
        raise ValueError(
            f"adapt(layer={name!r}): {model.name} has no such layer; near are {', '.join(near)}."
        )
    output = model.get_layer(name).output
    if not isinstance(output, keras.KerasTensor) or len(extents(output)) not in (1, 2):
        raise ValueError(
            f"adapt(layer={name!r}) needs a layer that outputs (B, H, W, C) or (B, T, C); that one "
            f"outputs {getattr(output, 'shape', output)}."
        )
    return output


def _pooled(model, features, pool, name):
    outputs = {"features": features, "embedding": _embedding(model.input, features, pool)}
    return keras.Model(model.input, outputs, name=name)


def _embedding(inputs, features, pool):
    named = {"name": "pool", "dtype": "float32"}
    if len(extents(features)) == 2:
        if pool == "token":
            raise ValueError(f"adapt(pool='token') needs tokens; the map is {features.shape}.")
        return GridPooling(**named)(features)
    if "images" in inputs:
        return TokenPooling(pool, leading_tokens(features) == 1, **named)(features)
    if pool == "token":
        return TokenPooling(pool, **named)(features)
    return MaskedMean(**named)([features, inputs["padding_mask"]])


def _settle(encoder, momentum):
    """Lets batch norms follow a short run, on all replicas together; checks that it can learn."""
    for layer in encoder._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = keras.backend.backend() == "tensorflow"
            layer.momentum = layer.momentum if momentum is None else momentum
    if not encoder.trainable_weights:
        raise ValueError(f"{encoder.name} has no weights to train: set model.trainable = True.")
