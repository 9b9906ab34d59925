"""Transformer encoders in parts, for methods that put something between the parts.

An encoder with stages has layers of these names:

- `tokens`: the local features (B, T, C), before anything is masked and before positions;
- `token_mask`, where sequences differ in length: int32 (B, T), 1 for tokens, 0 for padding;
- `positioned`: what enters the first block, (B, T, C), or (B, 1 + T, C) with a class token first;
- `position_ids`, where attention tells positions by itself: int32 (1, T), or (1, 1 + T), where the
  tokens that enter the first block stand; (B, T) where some of a sequence's tokens alone do;
- `block_k`, the output of block k, and `block_k_feed_forward`, see `transformer_blocks`.

The parts share the encoder's layers: training a part trains the encoder. They hold no weights
of their own and take any number of tokens.
"""

import keras

from mmssl.encoders.parts.blocks import blocks

BESIDE = {"tokens": ("token_mask",), "positioned": ("token_mask", "position_ids")}


def local(encoder):
    """Builds the way from the encoder's inputs to its local features.

    Args:
        encoder: keras.Model with stages.

    Returns:
        keras.Model from the encoder's inputs to a dict of `tokens` and, where the encoder has
        one, `token_mask`.
    """
    return keras.Model(encoder.input, _outputs(encoder, "tokens"), name="local")


def positions(encoder):
    """Builds the way from local features to what enters the first block.

    Args:
        encoder: keras.Model with stages.

    Returns:
        keras.Model from what `local` returns to a dict of `positioned` and, where the encoder has
        them, `token_mask` and `position_ids`.
    """
    return _between(encoder, "tokens", _outputs(encoder, "positioned"), "positions")


def context(encoder, hidden=()):
    """Builds the way through the blocks.

    Args:
        encoder: keras.Model with stages.
        hidden: names of layers whose outputs are wanted, see `top_layers`.

    Returns:
        keras.Model from what `positions` returns to a dict of `features` and `hidden`, the list
        of those outputs.
    """
    outputs = {
        "features": encoder.output["features"],
        "hidden": [encoder.get_layer(name).output for name in hidden],
    }
    return _between(encoder, "positioned", outputs, "context")


def hidden_states(encoder, hidden, start=None):
    """Builds the way to hidden states.

    Args:
        encoder: keras.Model with stages.
        hidden: names of layers whose outputs are wanted, see `top_layers`.
        start: None, or `"tokens"` or `"positioned"` to begin there instead of at the inputs.

    Returns:
        keras.Model from the encoder's inputs, or from what `local` or `positions` returns, to a
        dict of `hidden`, the list of those outputs.
    """
    outputs = {"hidden": [encoder.get_layer(name).output for name in hidden]}
    if start is None:
        return keras.Model(encoder.input, outputs, name="hidden_states")
    return _between(encoder, start, outputs, "hidden_states")


def top_layers(encoder, count, kind="block"):
    """Names the hidden states of an encoder's last blocks.

    Args:
        encoder: keras.Model with stages.
        count: number of blocks.
        kind: `"block"` for their outputs, `"feed_forward"` for what their feed-forward parts
            compute.

    Returns:
        list of str, first to last.

    Raises:
        ValueError: the encoder has fewer blocks.
    """
    names = blocks(encoder)
    if not 1 <= count <= len(names):
        raise ValueError(f"The encoder has {len(names)} blocks; {count} were asked for.")
    return [name if kind == "block" else f"{name}_{kind}" for name in names[-count:]]


def at_size(encoder, size):
    """Builds the same encoder for pictures of another size; the weights are shared, not copied.

    Args:
        encoder: keras.Model from `images` alone, such as `vit_encoder()`.
        size: height and width in pixels, a multiple of the encoder's patch.

    Returns:
        keras.Model like the encoder, for `images` (B, size, size, 3).
    """
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    return _on(encoder, {"images": images})


def _outputs(encoder, name):
    """What a part begins with: the tensor of that name and those beside it."""
    there = {layer.name for layer in encoder.layers}
    names = [name, *(key for key in BESIDE[name] if key in there)]
    return {key: encoder.get_layer(key).output for key in names}


def _between(encoder, start, outputs, name):
    begin = _outputs(encoder, start)
    opened = {
        key: keras.Input((None, *x.shape[2:]), dtype=x.dtype, name=key) for key, x in begin.items()
    }
    made = {key: x for key, x in outputs.items() if key not in begin}
    part = _on(keras.Model(list(begin.values()), made), list(opened.values()))
    passed = {key: opened[key] for key in outputs if key in begin}
    return keras.Model(opened, {**part.output, **passed}, name=name)


def _on(model, inputs):
    return keras.models.clone_model(model, input_tensors=inputs, clone_function=lambda layer: layer)
