"""The shortest recording of which an audio encoder makes a frame."""

from mmssl.layers import AtLeast


def padding_layer(encoder):
    """Returns the layer that makes recordings long enough for a frame; None if there is none."""
    found = [layer for layer in encoder.layers if isinstance(layer, AtLeast)]
    return found[0] if found else None


def shortest(encoder):
    """Returns the number of samples of one frame; an encoder continues anything shorter.

    Args:
        encoder: keras.Model of `mmssl.encoders`.

    Returns:
        int; 1 where each sample, token or picture is enough.
    """
    layer = padding_layer(encoder)
    return 1 if layer is None else layer.samples
