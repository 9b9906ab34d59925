"""The step of a causal audio encoder: a chunk of sound to its frames, with a state in and out."""

import keras
from keras import ops

from mmssl.encoders.parts.graph import inner_layers
from mmssl.layers import AtLeast, LogMel, NormalizeLevel

LEVEL = "level"
# What computes each frame from that frame alone.
_FRAMEWISE = (
    keras.layers.Activation
    | keras.layers.BatchNormalization
    | keras.layers.Dropout
    | keras.layers.LayerNormalization
    | keras.layers.ReLU
    | keras.layers.Reshape
)


def step_model(encoder):
    """Builds the step of a causal audio encoder, which shares its weights.

    Convolutions take what they reach back to from a state instead of padding, a recurrent layer
    its own state, so that the frames of chunks are those of the whole recording. The states are all
    zeros at first. An encoder that brings each recording to one level is told the level instead.

    Args:
        encoder: Functional float32 `keras.Model` with the inputs `waveform` and `padding_mask`.

    Returns:
        Functional `keras.Model` from a dict of `waveform` float32 (B, T), T a multiple of the hop,
        `level` float32 (B,), if the encoder normalizes levels, the root mean square that the sound
        is divided by, and `state_1` ... float32 (B, ...), to a dict of `features`
        (B, T // hop, C) and the states for the next chunk.

    Raises:
        ValueError: The encoder is not one of sound, or has a layer for which a frame depends on
            what comes after it, or that is not known here.
    """
    if set(encoder.input) != {"waveform", "padding_mask"}:
        raise ValueError(
            f"Only encoders of waveforms stream; this one takes {', '.join(encoder.input)}."
        )
    step, sound = _Step(), keras.Input((None,), name="waveform")
    # The mask leads only to what is left out: chunks hold no padding.
    mask = encoder.input["padding_mask"]
    values = {id(encoder.input["waveform"]): sound, id(mask): mask}

    def given(tensor):
        if id(tensor) not in values:
            raise ValueError(
                "This encoder does not stream: it computes something outside of its layers."
            )
        return values[id(tensor)]

    for layer in inner_layers(keras.Model(encoder.input, encoder.output["features"])):
        called = step.call(layer, keras.tree.map_structure(given, layer.input))
        pairs = zip(*map(keras.tree.flatten, (layer.output, called)), strict=True)
        values.update({id(before): after for before, after in pairs})
    outputs = {"features": given(encoder.output["features"]), **step.outputs}
    return keras.Model({"waveform": sound, **step.inputs}, outputs, name="step")


class _Step:
    """Calls the layers of an encoder on a chunk, and collects the states."""

    def __init__(self):
        self.inputs, self.outputs = {}, {}
        self._padded = {}

    def call(self, layer, x):
        if isinstance(layer, AtLeast):
            return x
        if isinstance(layer, NormalizeLevel):
            level = self.inputs.setdefault(LEVEL, keras.Input((), name=LEVEL))
            return layer.by(x[0], 0.0, ops.square(level)[:, None])
        if isinstance(layer, LogMel):
            return layer.frames(self._joined(x, layer.window - layer.hop))
        if isinstance(layer, keras.layers.ZeroPadding1D | keras.layers.ZeroPadding2D):
            return self._pad(layer, x)
        if isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D):
            return self._convolve(layer, x)
        if isinstance(layer, keras.layers.GRU):
            return self._recur(layer, x)
        if isinstance(layer, _FRAMEWISE):
            return layer(x)
        raise ValueError(
            f"This encoder does not stream: its layer {layer.name} is a {type(layer).__name__}, "
            "for which a frame may depend on what comes later. Those of cpc_encoder and "
            "spectrogram_encoder do."
        )

    def _pad(self, layer, x):
        time, *others = layer.padding if x.ndim == 4 else [layer.padding]
        if time[1]:
            raise ValueError(
                f"This encoder does not stream: {layer.name} pads the end of a recording."
            )
        joined = self._joined(x, time[0])
        if others:
            joined = keras.layers.ZeroPadding2D(((0, 0), others[0]))(joined)
        self._padded[id(joined)] = time[0]
        return joined

    def _convolve(self, layer, x):
        taps, stride, before = layer.kernel_size[0], layer.strides[0], self._padded.get(id(x), 0)
        plain = layer.padding == "valid" and layer.dilation_rate[0] == 1
        if not plain or before != taps - stride:
            raise ValueError(
                f"This encoder does not stream: {layer.name} has {taps} taps, stride {stride}, "
                f"padding {layer.padding!r} and {before} zeros before the recording, where "
                f"{taps - stride} would let chunks of whole frames be computed one by one."
            )
        return layer(x)

    def _recur(self, layer, x):
        config = {**layer.get_config(), "return_state": True, "name": f"{layer.name}_step"}
        copy, state = keras.layers.GRU.from_config(config), self._state((layer.units,))
        copy.use_cudnn = False
        sequence, after = copy(x, initial_state=self.inputs[state])
        copy.set_weights(layer.get_weights())
        self.outputs[state] = after
        return sequence

    def _joined(self, x, before):
        """Puts the last `before` frames of earlier chunks before `x`, and keeps its last ones."""
        if before == 0:
            return x
        state = self._state((before, *x.shape[2:]))
        joined = ops.concatenate([self.inputs[state], x], axis=1)
        self.outputs[state] = joined[:, -before:]
        return joined

    def _state(self, shape):
        name = f"state_{len(self.outputs) + 1}"
        self.inputs[name] = keras.Input(shape, name=name)
        return name
