"""Splitting transformer encoders into stages, for methods that insert something between them.

An encoder with stages has layers with these names:

- `pixels`, where tokens are patches: the picture that they are cut from, (B, H, W, C), scaled by a
  `keras.layers.Rescaling`, and `patches`, the convolution that makes one token of each;
- `tokens`: the local features (B, T, C), before masking and without positions;
- `token_mask`, where sequences differ in length: int32 (B, T), 1 for tokens, 0 for padding;
- `latents` and `normed_latents`, where convolutions precede the tokens: what they make of each
  frame, (B, T, C), and the same normalized, from which the tokens are projected;
- `positioned`: the input of the first block, (B, T, C), or (B, 1 + T, C) with a class token first;
- `position_ids`, where attention encodes positions itself: int32 (1, T) or (1, 1 + T), the
  positions of the tokens that enter the first block; (B, T) where only some tokens of a sequence
  do;
- `block_k`, the output of block k, and `block_k_feed_forward`, see `transformer_blocks`.

The stages share the encoder's layers: training a stage trains the encoder. They have no weights
of their own and take any number of tokens.
"""

import keras

from mmssl.encoders.parts.blocks import blocks

BESIDE = {
    "latents": ("token_mask",),
    "tokens": ("token_mask",),
    "positioned": ("token_mask", "position_ids"),
}
HAVE = {"latents": "wav2vec_encoder has"}
HAVE_TOKENS = "vit_encoder, roberta_encoder and wav2vec_encoder have"


def local(encoder):
    """Builds the stage from the encoder's inputs to its local features.

    Args:
        encoder: keras.Model with stages.

    Returns:
        keras.Model from the encoder's inputs to a dict of `tokens` and, where the encoder has
        one, `token_mask`.
    """
    return keras.Model(encoder.input, _outputs(encoder, "tokens"), name="local")


def latents(encoder):
    """Builds the stage from the encoder's inputs to the frames that its convolutions make.

    Args:
        encoder: keras.Model with stages and a layer `latents`.

    Returns:
        keras.Model from the encoder's inputs to a dict of `latents` and `token_mask`.
    """
    return keras.Model(encoder.input, _outputs(encoder, "latents"), name="latents")


def projected(encoder):
    """Builds the stage from the frames of convolutions to the local features.

    Args:
        encoder: keras.Model with stages and a layer `latents`.

    Returns:
        keras.Model from the outputs of `latents` to a dict of `normed`, `tokens` and `token_mask`.
    """
    normed = encoder.get_layer("normed_latents").output
    outputs = {"normed": normed, **_outputs(encoder, "tokens")}
    return _between(encoder, "latents", outputs, "projected")


def positions(encoder):
    """Builds the stage from local features to the input of the first block.

    Args:
        encoder: keras.Model with stages.

    Returns:
        keras.Model from the outputs of `local` to a dict of `positioned` and, where the encoder has
        them, `token_mask` and `position_ids`.
    """
    return _between(encoder, "tokens", _outputs(encoder, "positioned"), "positions")


def context(encoder, hidden=()):
    """Builds the stage of the transformer blocks.

    Args:
        encoder: keras.Model with stages.
        hidden: names of layers whose outputs to return as well, see `top_layers`.

    Returns:
        keras.Model from the outputs of `positions` to a dict of `features` and `hidden`, the list
        of these layers' outputs.
    """
    outputs = {
        "features": encoder.output["features"],
        "hidden": [encoder.get_layer(name).output for name in hidden],
    }
    return _between(encoder, "positioned", outputs, "context")


def hidden_states(encoder, hidden, start=None):
    """Builds the model that outputs hidden states of the encoder.

    Args:
        encoder: keras.Model with stages.
        hidden: names of layers whose outputs to return, see `top_layers`.
        start: None, or `"tokens"` or `"positioned"` to start there instead of at the inputs.

    Returns:
        keras.Model from the encoder's inputs, or from the outputs of `local` or `positions`, to a
        dict of `hidden`, the list of these layers' outputs.
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
        kind: `"block"` for the outputs of the blocks, `"feed_forward"` for those of their
            feed-forward networks.

    Returns:
        list of str, first to last.

    Raises:
        ValueError: the encoder has fewer blocks.
    """
    names = blocks(encoder)
    if not 1 <= count <= len(names):
        raise ValueError(f"The encoder has {len(names)} blocks; got a request for {count}.")
    return [name if kind == "block" else f"{name}_{kind}" for name in names[-count:]]


def at_size(encoder, size):
    """Builds the same encoder for images of another size; the weights are shared, not copied.

    Args:
        encoder: keras.Model whose only input is `images`, such as `vit_encoder()`.
        size: height and width in pixels, a multiple of the encoder's patch size.

    Returns:
        keras.Model like the encoder, for `images` (B, size, size, 3).
    """
    images = keras.Input((size, size, 3), dtype="float32", name="images")
    return _on(encoder, {"images": images})


def stage_output(encoder, name):
    """Returns the output of a layer in which a stage ends.

    Args:
        encoder: keras.Model.
        name: `"tokens"` or `"positioned"`.

    Raises:
        ValueError: the encoder has no such layer, hence no stages.
    """
    if name not in (layer.name for layer in encoder.layers):
        raise ValueError(
            f"What hides tokens from an encoder needs its layer {name!r}, as "
            f"{HAVE.get(name, HAVE_TOKENS)} one; {encoder.name} has none."
        )
    return encoder.get_layer(name).output


def _outputs(encoder, name):
    """The tensors between two stages: that of the given name and those that accompany it."""
    there = {layer.name for layer in encoder.layers}
    beside = {key: encoder.get_layer(key).output for key in BESIDE[name] if key in there}
    return {name: stage_output(encoder, name), **beside}


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
