"""The keys and values that a transformer keeps of the tokens before."""

from keras import ops

from mmssl.encoders.parts.blocks import blocks


def empty_cache(encoder, rows, length=None):
    """Creates an empty key-value cache for the blocks of a causal transformer.

    Args:
        encoder: keras.Model with features (B, T, width).
        rows: B, number of sequences.
        length: S, tokens of a sequence; None for T.

    Returns:
        list with a pair of zeros (B, heads, S, width / heads) per block.
    """
    _, known, width = encoder.output["features"].shape
    length = known if length is None else length
    layers = [encoder.get_layer(name) for name in blocks(encoder)]
    shapes = [(rows, layer.num_heads, length, width // layer.num_heads) for layer in layers]
    return [
        tuple(ops.zeros(shape, layer.compute_dtype) for _ in ("keys", "values"))
        for shape, layer in zip(shapes, layers, strict=True)
    ]
