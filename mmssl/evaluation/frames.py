"""Frames of a trained encoder of sound, for every recording of a source."""

from functools import cached_property, partial

import keras
import numpy as np

from mmssl.encoders import cut, reach, without_levels
from mmssl.evaluation.probes.features import compiled
from mmssl.evaluation.probes.long_recordings import moments, windows
from mmssl.pipelines.audio.budget import SAMPLES
from mmssl.pipelines.audio.framing import Framing
from mmssl.pipelines.audio.units.frames import FrameFeatures


class EncoderFrames(FrameFeatures):
    """The output of a block for every frame, in inference mode.

    Recordings that are too long to be encoded at once are encoded in parts, whose frames see no
    more than their part.

    Args:
        encoder: keras.Model of `mmssl.encoders` with the input `waveform`, whose `pool` takes the
            mask of frames.
        layer: name of a block; None for the encoder's `features`.
        samples: samples of a part, about.

    Raises:
        ValueError: it is no such encoder, or has no such block.
    """

    def __init__(self, encoder, layer=None, samples=SAMPLES):
        part = cut(encoder, layer) if layer else encoder
        mask = _mask_of_frames(part)
        self._trunk = keras.Model(part.input, {"frames": part.output["features"], "mask": mask})
        self._forward = compiled(self._trunk, {})
        self._reach, self._samples = reach(part), samples
        self.framing = Framing(self._reach.hop, self._reach.hop + self._reach.ahead)
        self.description = f"{layer or 'features'} of {encoder.name}"

    def of(self, data, source):
        """See `FrameFeatures.of`."""
        examples, long = data.numbered_examples(source)
        for numbers, batch in examples:
            frames, mask = self._encoded(self._forward, batch)
            for index, rows, kept in zip(numbers.numpy(), frames, mask, strict=True):
                yield int(index), rows[kept]
        for index in long:
            inputs = partial(data.item_inputs(source), index)
            with data.parts(source).open(int(index)) as recording:
                yield int(index), self._of_long(recording, inputs)

    def _of_long(self, recording, inputs):
        forward, level = self._without_level
        mean, variance = moments(recording) if level is not None else (0.0, 1.0)
        found = []
        for window in windows(len(recording), self._reach, self._samples):
            wave = recording.span(window.start, window.size)
            wave = wave if level is None else np.asarray(level.by(wave, mean, variance))
            batch = {name: np.asarray(x)[None] for name, x in inputs(wave).items()}
            frames, mask = self._encoded(forward, batch)
            found.append(frames[0][mask[0]][window.lead // self._reach.hop :])
        return np.concatenate(found)

    def _encoded(self, forward, batch):
        found = forward({name: batch[name] for name in self._trunk.input})
        return np.asarray(found["frames"]), np.asarray(found["mask"]) > 0

    @cached_property
    def _without_level(self):
        trunk, level = without_levels(self._trunk)
        return compiled(trunk, {}), level


def _mask_of_frames(encoder):
    pooled = encoder.get_layer("pool").input if "pool" in _names(encoder) else None
    if "waveform" not in encoder.input or not isinstance(pooled, list):
        raise ValueError(
            f"{encoder.name} has no frames of sound to learn from: it takes "
            f"{' and '.join(encoder.input)}, or does not pool frames by their mask."
        )
    return pooled[1]


def _names(encoder):
    return [layer.name for layer in encoder.layers]
