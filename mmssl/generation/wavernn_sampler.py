"""Sampling of WaveRNN, one step at a time: first the coarse byte, then the fine one."""

import functools

import numpy as np
from keras import ops

from mmssl.generation.sampling_loop import SamplingLoop
from mmssl.layers import gated_step, join_bytes, split_bytes
from mmssl.layers.recurrent import START
from mmssl.methods.wavernn import BYTES


class WaveRNNSampler:
    """WaveRNN as a step function from a sample to the next, with a sampling loop.

    Both halves of the state are computed from the whole state before: the coarse half first, from
    which the coarse byte is drawn, then the fine half, which is given that byte.

    Args:
        method: mmssl.methods.WaveRNN, whose current weights are used at every step.

    Attributes:
        conditioned_on: names of the encoder's inputs for conditioning; there are none.

    Reference:
        Kalchbrenner et al. 2018, arXiv 1802.08435.
    """

    conditioned_on = ()

    def __init__(self, method):
        self.head, self.recurrence = method.head, method.recurrence

    def context(self, codes):
        """Returns what to generate from after bytes int32 (T, 2), T 0 or more: silence and them."""
        return np.concatenate([np.array([START], "int32"), codes])

    def encode(self, waveform):
        """Converts samples float32 (T,) in [-1, 1] to bytes int32 (T, 2)."""
        return np.stack([np.asarray(x) for x in split_bytes(waveform)], axis=-1)

    def decode(self, codes):
        """Converts bytes int32 (..., 2) to samples float32 (...)."""
        return np.asarray(join_bytes(codes[..., 0], codes[..., 1]))

    def conditions(self):
        """Returns the conditions of `generate`: none."""
        return []

    def start(self, streams):
        """Creates the state before the first sample: float32 (streams, units), zeros."""
        return ops.zeros((streams, self.recurrence.units))

    def step(self, codes, state, choose):
        """Computes one step.

        Args:
            codes: int32 (B, 2), the bytes of the sample before; at first (128, 0), silence.
            state: float32 (B, units), of `start` or of the step before.
            choose: function (logits float32 (B, 256), 0 for coarse or 1 for fine) -> int32 (B,),
                the byte.

        Returns:
            Pair of the sample's bytes and the state, like the arguments.
        """
        coarse, (inputs, products, half) = self.recurrence.halves(codes[:, 0], codes[:, 1], state)
        first = gated_step(*coarse)
        high = choose(self.head(BYTES[0], first), 0)
        second = gated_step(inputs + self.recurrence.from_present(high), products, half)
        low = choose(self.head(BYTES[1], second), 1)
        return ops.stack([high, low], axis=-1), ops.concatenate([first, second], axis=-1)

    def generate(self, prompt, samples, temperature=1.0, seed=0, conditions=(), progress=None):
        """Continues signals, all of them at once, in one compiled loop.

        Args:
            prompt: int32 (B, P, 2) bytes, P at least 1, of `context`: the state before it is zero.
            samples: number of samples to draw, at least 1.
            temperature: see `WaveNetSampler.generate`; so are the other arguments.
            seed: random seed.
            conditions: none.
            progress: None, or function called with (samples done, total samples).

        Returns:
            int32 array (B, samples, 2).

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        prompt = np.asarray(prompt, "int32")
        state = self.start(len(prompt))
        return self._loop.run(prompt, samples, state, temperature, seed, conditions, progress)

    @functools.cached_property
    def _loop(self):
        return SamplingLoop(
            lambda codes, state, _, choose: self.step(codes, state, choose), len(BYTES)
        )
