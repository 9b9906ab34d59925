"""The encoder that is kept of a tokenizer: its features are entries of the codebook."""

import keras

from mmssl.layers import GridPooling


def quantized_encoder(encoder, head, quantizer, grid):
    """Joins an encoder of a map with what makes entries of its features; layers are shared.

    Args:
        encoder: keras.Model with a map of features of a known size.
        head: layer from features to what the quantizer takes.
        quantizer: layer whose outputs have `quantized`.
        grid: cells per side of the map whose averages the embedding concatenates.

    Returns:
        keras.Model with the encoder's inputs, `features` (B, H, W, D), entries, and `embedding`
        (B, grid * grid * D).
    """
    found = quantizer(head(encoder.output["features"]))["quantized"]
    pooled = GridPooling(grid, name="codes_pool", dtype="float32")(found)
    outputs = {"features": found, "embedding": pooled}
    return keras.Model(encoder.input, outputs, name=f"{encoder.name}_quantized")
