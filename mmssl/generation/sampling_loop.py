"""The compiled loop in which signals are continued, code by code."""

import functools

import keras
import numpy as np
from keras import ops

from mmssl.generation.draws import draw

CHUNK = 4000
DRAWN = -1  # marks codes that are sampled instead of given


class SamplingLoop:
    """Continues signals whose every sample consists of one code or several, drawn in turn.

    Args:
        advance: function (codes int32 (B, K), state, conditions, choose) -> (codes, state), which
            computes one sample from the one before. It calls `choose(logits, k)` with logits
            float32 (B, levels) of the sample's code k, and gets this code, int32 (B,).
        codes: K, codes per sample.
        chunk: maximum steps of the compiled loop between two progress reports.
    """

    def __init__(self, advance, codes, chunk=CHUNK):
        self.advance, self.codes, self.chunk = advance, codes, chunk

    def run(self, prompt, samples, state, temperature=1.0, seed=0, conditions=(), progress=None):
        """Continues signals, all of them at once, in one compiled loop.

        Args:
            prompt: int32 (B, P, K) codes, P at least 1.
            samples: number of samples to draw, at least 1.
            state: of `advance`, before the first sample.
            temperature: 1 samples from the model's distribution, lower values sharpen it, 0 always
                takes the most likely code.
            seed: random seed; the same seed and B give the same codes.
            conditions: list of (B, S, D) with S at least P + samples - 1, or (B, 1, D) if constant
                in time.
            progress: None, or function called with (samples done, total samples), both including
                the prompt.

        Returns:
            int32 array (B, samples, K).

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        prompt = np.asarray(prompt, "int32")
        _check(prompt, samples, temperature)
        streams, length, _ = prompt.shape
        total = length - 1 + samples
        unknown = np.full((streams, samples, self.codes), DRAWN, "int32")
        given = np.swapaxes(np.concatenate([prompt[:, 1:], unknown], axis=1), 0, 1)
        conditions = [np.swapaxes(c, 0, 1) for c in conditions]
        chunk = min(self.chunk, total)
        codes, drawn = prompt[:, 0], []
        for first in range(0, total, chunk):
            piece = _piece(given, first, chunk, DRAWN)
            out, codes, state = self._compiled(
                codes,
                state,
                piece,
                [c if len(c) == 1 else _piece(c, first, chunk, 0) for c in conditions],
                self._uniform(piece, np.array([seed, first], "int32")) if temperature else None,
                np.float32(temperature),
            )
            drawn.append(np.asarray(out))
            if progress is not None:
                progress(min(first + chunk, total), total)
        return np.swapaxes(np.concatenate(drawn)[length - 1 : total], 0, 1)

    @functools.cached_property
    def _uniform(self):
        import tensorflow as tf

        # Not in the loop's function: XLA would copy all of them in each of its steps.
        def uniform(given, seed):
            return tf.random.stateless_uniform(given.shape, seed)

        return tf.function(uniform, jit_compile=True, autograph=False)

    @functools.cached_property
    def _compiled(self):
        import tensorflow as tf

        return tf.function(self._chunk, jit_compile=True, autograph=False)

    def _chunk(self, codes, state, given, conditions, uniform, temperature):
        def step(i, carried):
            codes, state, out = carried
            now = [c[0] if c.shape[0] == 1 else c[i] for c in conditions]

            def choose(logits, k):
                if uniform is None:
                    drawn = ops.cast(ops.argmax(logits, axis=-1), "int32")
                else:
                    drawn = draw(logits, uniform[i, :, k], temperature)
                return ops.where(given[i, :, k] == DRAWN, drawn, given[i, :, k])

            codes, state = self.advance(codes, state, now, choose)
            return codes, state, ops.slice_update(out, (i, 0, 0), codes[None])

        out = ops.zeros_like(given)
        codes, state, out = ops.fori_loop(0, given.shape[0], step, (codes, state, out))
        return out, codes, state


def _piece(sequence, first, length, filler):
    """Slices (length, ...) from a sequence, padded after its end."""
    piece = sequence[first : first + length]
    missing = [(0, length - len(piece))] + [(0, 0)] * (piece.ndim - 1)
    return np.pad(piece, missing, constant_values=filler)


def _check(prompt, samples, temperature):
    if keras.backend.backend() != "tensorflow":
        raise ValueError("Sampling needs Keras on TensorFlow: set KERAS_BACKEND=tensorflow.")
    if prompt.ndim != 3 or 0 in prompt.shape:
        raise ValueError(f"prompt must have shape (B, P), both 1 or more; got {prompt.shape[:-1]}.")
    if samples < 1:
        raise ValueError(f"samples must be 1 or more; got {samples}.")
    if temperature < 0:
        raise ValueError(f"temperature must be 0 or more; got {temperature}.")
