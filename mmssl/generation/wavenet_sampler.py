"""Fast sampling of WaveNet, one step at a time with queues of past layer inputs."""

import functools
import math

import numpy as np
from keras import ops

from mmssl.encoders import receptive_field
from mmssl.generation.sampling_loop import SamplingLoop
from mmssl.layers import GatedUnit, mu_law_decode, mu_law_encode

CONDITIONS = {"speaker": "speaker_vector", "log_mel": "upsampling"}  # input -> layer, in order


class WaveNetSampler:
    """WaveNet as a step function from a code to the logits of the next, with a sampling loop.

    Each dilated layer keeps its last `dilation * (kernel_size - 1)` inputs in a ring buffer, and
    the input convolution keeps one. All buffers are stored end to end in one tensor, initially
    zeros, like the padding of the full network. A sample thus costs one step of every layer,
    however long the past.

    Args:
        method: mmssl.methods.WaveNet, whose current weights are used at every step.

    Attributes:
        conditioned_on: names of the encoder's inputs for conditioning.
        field: samples of the past that matter.
        slots: total number of steps in all ring buffers.
        period: number of steps after which every ring buffer is back at its first slot.

    Reference:
        van den Oord et al. 2016, arXiv 1609.03499; queues as in Le Paine et al. 2016, 1611.09482.
    """

    def __init__(self, method):
        self.head, encoder = method.head, method.encoder
        self.field = receptive_field(encoder)
        self.input = encoder.get_layer("input")
        self.units = [layer for layer in encoder.layers if isinstance(layer, GatedUnit)]
        self.conditioned_on = [name for name in CONDITIONS if name in encoder.input]
        self._conditioning = {n: encoder.get_layer(CONDITIONS[n]) for n in self.conditioned_on}
        delays = [[1], *(unit.delays for unit in self.units)]
        lengths = [max(taps) for taps in delays]
        starts = np.cumsum([0, *lengths])
        self.slots, self.period = int(starts[-1]), math.lcm(*lengths)
        # One entry for each delayed tap, over all ring buffers in order.
        self._delays = np.concatenate(delays).astype("int32")
        self._lengths = np.repeat(lengths, [len(taps) for taps in delays]).astype("int32")
        self._starts = np.repeat(starts[:-1], [len(taps) for taps in delays]).astype("int32")
        # The entry with the longest delay of each ring buffer: its slot is overwritten next.
        self._oldest = np.cumsum([len(taps) for taps in delays]) - 1

    def context(self, codes):
        """Returns what to generate from after codes int32 (T,), T 0 or more: an int32 (P,)."""
        return codes[-self.field :] if len(codes) else np.array([self.input.levels // 2], "int32")

    def encode(self, waveform):
        """Converts samples float32 (T,) in [-1, 1] to codes int32 (T,)."""
        return np.asarray(mu_law_encode(waveform, self.input.levels))

    def decode(self, codes):
        """Converts codes int32 (...) to samples float32 (...)."""
        return np.asarray(mu_law_decode(codes, self.input.levels))

    def start(self, streams):
        """Creates the state before the first code.

        Args:
            streams: int, number of signals generated at once.

        Returns:
            Pair of the queues (slots, streams, residual_channels), zeros, and the time, the int32
            scalar 0.
        """
        shape = (self.slots, streams, self.input.width)
        return ops.zeros(shape, self.input.compute_dtype), ops.zeros((), "int32")

    def conditions(self, **given):
        """Computes the conditions of the gated units, for all steps.

        Args:
            **given: the encoder's inputs for conditioning: `speaker` int32 (B,), `log_mel` float32
                (B, F, num_mel_bins).

        Returns:
            list in the encoder's order: (B, 1, D) for the speaker, (B, F * hop, num_mel_bins) for
            the frames.
        """
        return [self.condition(name, given[name]) for name in self.conditioned_on]

    def condition(self, name, values):
        """Computes one of the `conditions`."""
        layer = self._conditioning[name]
        return layer(values)[:, None] if name == "speaker" else layer.upsample(values)

    def step(self, codes, queues, time, conditions=()):
        """Computes one step.

        Args:
            codes: int32 (B,).
            queues: (slots, B, residual_channels), of `start` or of the step before.
            time: int32 scalar, likewise.
            conditions: list of (B, D), the conditions of the gated units at this step.

        Returns:
            Triple of logits float32 (B, levels) of the next codes, and queues and time for the next
            step.
        """
        slots = self._starts + (time - self._delays) % self._lengths
        past = iter(ops.unstack(ops.take(queues, slots, axis=0), len(self._delays)))
        now, later = self.input.taps(codes)
        x, kept, total = self.input.combine(now, next(past)), [later], 0.0
        for unit in self.units:
            kept.append(x)
            x, skip = unit.combine([x, *(next(past) for _ in unit.delays)], conditions)
            total = total + skip
        written = ops.take(slots, self._oldest, axis=0)
        kept = ops.cast(ops.stack(kept), queues.dtype)
        queues = ops.scatter_update(queues, written[:, None], kept)
        return self.head(total), queues, (time + 1) % self.period

    def generate(self, prompt, samples, temperature=1.0, seed=0, conditions=(), progress=None):
        """Continues signals, all of them at once, in one compiled loop.

        The prompt passes through the same queues.

        Args:
            prompt: int32 (B, P) codes, P at least 1; codes before the last receptive field have no
                effect.
            samples: number of codes to sample, at least 1.
            temperature: 1 samples from the model's distribution, lower values sharpen it, 0 always
                takes the most likely code.
            seed: random seed; the same seed and B give the same codes.
            conditions: list of (B, S, D) with S at least P + samples - 1, or (B, 1, D) if constant
                in time.
            progress: None, or function called with (codes done, total codes), both including the
                prompt.

        Returns:
            int32 array (B, samples).

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        prompt = np.asarray(prompt, "int32")
        state = self.start(len(prompt))
        drawn = self._loop.run(
            prompt[..., None], samples, state, temperature, seed, conditions, progress
        )
        return drawn[..., 0]

    @functools.cached_property
    def _loop(self):
        def advance(codes, state, conditions, choose):
            logits, *state = self.step(codes[:, 0], *state, conditions)
            return choose(logits, 0)[:, None], tuple(state)

        return SamplingLoop(advance, 1)
