"""What methods require of an encoder, checked before anything is trained."""

import re

import numpy as np
from keras import ops

from mmssl.encoders import at_size

CAUSAL = 1e-4  # change of a feature that is rounding
PROBE = 4  # tokens


def required_layer(method, encoder, name, use):
    """Returns a layer of an encoder by its name.

    Args:
        method: str, name of the method.
        encoder: keras.Model.
        name: of the layer.
        use: str, an encoder that has it.

    Raises:
        ValueError: there is no such layer.
    """
    if name not in (layer.name for layer in encoder.layers):
        raise ValueError(
            f"{method}(encoder=...) needs the layer {name!r}, as of {use}; {encoder.name} has none."
        )
    return encoder.get_layer(name)


def check_map(method, encoder):
    """Checks that an encoder makes a map of pictures.

    Args:
        method: str, name of the method.
        encoder: keras.Model.

    Raises:
        ValueError: it does not.
    """
    features = encoder.output["features"]
    if list(encoder.input) != ["images"] or len(features.shape) != 4:
        raise ValueError(
            f"{method}(encoder=...) needs a map (B, H, W, C) of pictures; {encoder.name} takes "
            f"{' and '.join(encoder.input)}, and its features are {features.shape}."
        )


def check_causal(method, encoder):
    """Checks that no token of an encoder sees the tokens after it.

    Args:
        method: str, name of the method.
        encoder: keras.Model of text.

    Raises:
        ValueError: one does.
    """
    ids = np.ones((2, PROBE), "int32")
    ids[1, -1] = 2
    batch = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    first, second = ops.convert_to_numpy(encoder(batch, training=False)["features"])[:, :-1]
    if not np.allclose(first, second, CAUSAL, CAUSAL):
        raise ValueError(
            f"{method}(encoder=...) predicts a token from those before it, but a token of "
            f"{encoder.name} sees those after it, too: use a causal one, such as gpt_encoder."
        )


def check_batch(encoder, spec):
    """Checks that an encoder takes what batches hold, pictures of every size in them included.

    Args:
        encoder: functional keras.Model.
        spec: dict of `tf.TensorSpec`, the element of a dataset of batches.

    Raises:
        ValueError: batches lack an input, or have pictures of a size that it does not take.
    """
    held = {re.sub(r"_\d+$", "", name) for name in spec}
    if not set(encoder.input) <= held:
        raise ValueError(
            f"{encoder.name} takes {' and '.join(encoder.input)}, but the data give "
            f"{' and '.join(sorted(held))}: choose an encoder, or a recipe, of the other kind."
        )
    if list(encoder.input) != ["images"]:
        return
    own = encoder.input["images"].shape[1]
    sizes = {x.shape[1] for name, x in spec.items() if re.fullmatch(r"images(_\d+)?", name)}
    for size in sorted(sizes - {own}):
        _check_size(encoder, own, size)


def _check_size(encoder, own, size):
    try:
        at_size(encoder, size)
    except Exception:  # what a layer raises on a wrong shape is without number
        raise ValueError(
            f"{encoder.name} takes pictures of {own} pixels alone, but the batches have views of "
            f"{size}: set data.small_size {own}, or data.num_small_views 0; patches and tiles need "
            "an encoder that takes any size, as conv_encoder does."
        ) from None
