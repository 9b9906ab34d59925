"""The blocks of an encoder, at any of which it can be cut off to be probed and deployed."""

import math
import re

import keras

from mmssl.encoders.parts.shortest import padding_layer
from mmssl.layers import FrameMask, LogMel


def blocks(encoder):
    """Lists the names of an encoder's blocks, first to last.

    Args:
        encoder: keras.Model of `mmssl.encoders`.

    Returns:
        list of str: `["block_1", "block_2", ...]`.
    """
    names = [layer.name for layer in encoder.layers if re.fullmatch(r"block_\d+", layer.name)]
    return sorted(names, key=lambda name: int(name.removeprefix("block_")))


def cut(encoder, block):
    """Truncates an encoder after one of its blocks; the layers are shared, not copied.

    Args:
        encoder: keras.Model of `mmssl.encoders`.
        block: name of a block, such as `"block_3"`.

    Returns:
        keras.Model with the same inputs; `features` is the block's output and `embedding` that
        output pooled as the encoder pools its last one.

    Raises:
        ValueError: the encoder has no such block.
    """
    if block not in blocks(encoder):
        there = ", ".join(blocks(encoder)) or "none: mmssl.encoders.adapt(layer=...) cuts a model"
        raise ValueError(f"This encoder has no block {block!r}; it has {there}.")
    features = encoder.get_layer(block).output
    embedding = _pool_like(encoder, features)
    return keras.Model(
        encoder.input,
        {"features": features, "embedding": embedding},
        name=f"{encoder.name}_{block}",
    )


def _pool_like(encoder, features):
    if "pool" not in (layer.name for layer in encoder.layers):  # its embedding pools no map
        rows = keras.layers.Reshape((-1, features.shape[-1]))(features)
        return keras.layers.GlobalAveragePooling1D(dtype="float32")(rows)
    pool = encoder.get_layer("pool")
    like_it = type(pool).from_config(pool.get_config())
    if keras.backend.is_keras_tensor(pool.input):  # without a mask
        return like_it(features)
    _, mask = pool.input
    hop = _hop(encoder, features)
    if hop != _hop(encoder, encoder.output["features"]):
        mask = FrameMask(hop)(_samples_mask(encoder))
    return like_it([features, mask])


def _samples_mask(encoder):
    """The padding mask of the samples that an encoder's convolutions see."""
    padding = padding_layer(encoder)
    return encoder.input["padding_mask"] if padding is None else padding.output[1]


def _hop(encoder, features):
    """Input samples per frame: the product of the strides between the inputs and `features`."""
    way = keras.Model(encoder.input, features)
    return math.prod(map(_stride, way.layers))


def _stride(layer):
    if isinstance(layer, LogMel):
        return layer.hop
    convolves = isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D)
    return layer.strides[0] if convolves else 1
