"""Frames of a trained encoder of sound, for every recording of a source."""

from functools import cached_property, partial

import keras
import numpy as np

from mmssl.encoders import cut, reach, without_levels
from mmssl.evaluation.probes.features import compiled
from mmssl.evaluation.probes.long_recordings import moments, windows
from mmssl.layers import FrameMask
from mmssl.pipelines.audio.budget import SAMPLES
from mmssl.pipelines.audio.framing import Framing
from mmssl.pipelines.audio.units.frames import FrameFeatures
from mmssl.runs import Run


class EncoderFrames(FrameFeatures):
    """The output of a block for every frame, in inference mode.

    Recordings that are too long to be encoded at once are encoded in parts, whose frames see no
    more than their part.

    Args:
        encoder: keras.Model of `mmssl.encoders` with the inputs `waveform` and `padding_mask`.
        layer: name of a block; None for the encoder's `features`.
        samples: samples of a part, about.

    Raises:
        ValueError: it is no such encoder, or has no such block.
    """

    def __init__(self, encoder, layer=None, samples=SAMPLES):
        part = cut(encoder, layer) if layer else encoder
        if set(part.input) != {"waveform", "padding_mask"}:
            raise ValueError(
                f"{encoder.name} has no frames of sound to learn from: it takes "
                f"{' and '.join(part.input)}."
            )
        if any(isinstance(x, FrameMask) and x.tokens > 1 for x in part.layers):
            raise ValueError(
                f"{encoder.name} has no frames of sound to learn from: its tokens are patches of a "
                "spectrogram, several of one stretch of time."
            )
        self._trunk = keras.Model(part.input, {"frames": part.output["features"]})
        self._forward = compiled(self._trunk, {})
        self._reach, self._samples = reach(part), samples
        self.framing = Framing(self._reach.hop, self._reach.hop + self._reach.ahead)
        self.description = f"{layer or 'features'} of {encoder.name}"

    def of(self, data, source):
        """See `FrameFeatures.of`."""
        examples, long = data.numbered_examples(source)
        for numbers, batch in examples:
            frames = self._encoded(self._forward, batch)
            counts = self.framing.count(np.sum(batch["padding_mask"], axis=1))
            for index, rows, count in zip(numbers.numpy(), frames, counts, strict=True):
                yield int(index), rows[:count]
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
            lead, own = window.lead, window.size - window.lead - self._reach.ahead
            heard, hop = self._encoded(forward, batch)[0], self._reach.hop
            found.append(heard[lead // hop :][: own // hop])
        return np.concatenate(found)

    def _encoded(self, forward, batch):
        return np.asarray(forward({name: batch[name] for name in self._trunk.input})["frames"])

    @cached_property
    def _without_level(self):
        trunk, level = without_levels(self._trunk)
        return compiled(trunk, {}), level


def frames_of_run(folder, layer, sample_rate, trust=()):
    """Opens the encoder of a run to compute frames.

    Args:
        folder: path of the run folder.
        layer: see `EncoderFrames`.
        sample_rate: samples per second of what is to be encoded.
        trust: names of modules whose classes the run's recipe may name.

    Returns:
        EncoderFrames.

    Raises:
        ValueError: it is no run with a trained encoder of sound of this sample rate, or has no such
            block.
    """
    run = Run.load(folder, trust)
    rate = run.config["data"].get("init_args", {}).get("sample_rate")
    if rate != sample_rate:
        raise ValueError(
            f"data.targets={folder} was trained at {rate} samples per second, and "
            f"data.sample_rate is {sample_rate}: they must be the same."
        )
    return EncoderFrames(run.encoder, layer)
