"""How far the frames of an audio encoder reach, so that a long recording can be cut into windows.

Windows that overlap by this much give the frames of the whole recording.
"""

import math
from dataclasses import dataclass

import keras

from mmssl.encoders.parts.shortest import shortest
from mmssl.layers import (
    CausalEmbedding,
    DualGRU,
    FrameUpsampling,
    GatedUnit,
    LogMel,
    NormalizeLevel,
    PaddingMask,
    StandardizeWaveform,
    ZeroMaskedFrames,
)

# A recurrent network has no end to its reach; what was that many frames ago, it has forgotten.
REMEMBERED = 256
REMEMBERED_SAMPLES = 4096  # where every sample is a frame
WHOLE = PaddingMask | ZeroMaskedFrames
LEVELS = NormalizeLevel | StandardizeWaveform


@dataclass(frozen=True)
class Reach:
    """What the frames of an encoder depend on, in samples.

    Attributes:
        hop: samples from one frame to the next.
        grid: samples of which a window must start at a multiple: the hop, or a multiple of it
            where an input such as log-mel frames is framed, too.
        past: samples before a frame's hop that it depends on, a multiple of `grid`. 0 where frames
            attend to each other, or see none that are masked: no window gives what the whole
            recording does.
        ahead: samples after a frame's hop that it depends on.
    """

    hop: int
    grid: int
    past: int
    ahead: int


def reach(encoder):
    """Computes how far the frames of an audio encoder reach.

    Args:
        encoder: keras.Model of `mmssl.encoders` with the input `waveform`.

    Returns:
        Reach.
    """
    field, hop = 1, 1
    for layer in keras.Model(encoder.input, encoder.output["features"]).layers:
        taps, stride = _taps_and_stride(layer)
        field += (taps - 1) * hop
        hop *= stride
    ahead = max(0, shortest(encoder) - hop)
    framed = [layer.hop for layer in encoder.layers if isinstance(layer, FrameUpsampling)]
    grid = math.lcm(hop, *framed)
    whole = any(isinstance(layer, WHOLE) for layer in encoder.layers)
    past = 0 if whole else -(-field // grid) * grid
    return Reach(hop, grid, past, ahead)


def without_levels(model):
    """Returns a model without the layers that normalize the level of the whole recording.

    Args:
        model: keras.Model with the input `waveform`.

    Returns:
        Pair of the model, whose layers are shared, and the layer that is left out, or None.
    """
    levels = [layer for layer in model.layers if isinstance(layer, LEVELS)]

    def call(layer, *inputs, **kwargs):
        return inputs[0][0] if layer in levels else layer(*inputs, **kwargs)

    plain = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
    return plain, levels[0] if levels else None


def _taps_and_stride(layer):
    if isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D):
        return layer.kernel_size[0], layer.strides[0]
    if isinstance(layer, LogMel):
        return layer.window, layer.hop
    if isinstance(layer, GatedUnit):
        return max(layer.delays) + 1, 1
    if isinstance(layer, keras.layers.RNN):
        return REMEMBERED, 1
    if isinstance(layer, DualGRU):
        return REMEMBERED_SAMPLES, 1
    return (2 if isinstance(layer, CausalEmbedding) else 1), 1
