"""What methods require of an encoder, checked before anything is trained."""

import numpy as np
from keras import ops

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
