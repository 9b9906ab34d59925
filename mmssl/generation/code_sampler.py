"""Sampling of codes in windows, with a cache of keys and values in one compiled loop."""

import functools

import numpy as np
from keras import ops

from mmssl.encoders import blocks
from mmssl.encoders.parts.cache import empty_cache
from mmssl.generation.sampling_loop import SamplingLoop


class CodeSampler:
    """A prior over codes as a step function from a code to the logits of the next, with a loop.

    Sequences of any length are sampled in windows as long as the context. Each window begins with
    what is known of it, and the cache of the one before is not of use: its places are others.

    Args:
        method: mmssl.methods.CodePrior, whose current weights are used at every step.

    Attributes:
        context: T, places of a window.
        ratio: codes for each code of the level above; 1 without such a level.

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """

    def __init__(self, method):
        self.method, self.encoder = method, method.encoder
        names = {layer.name: layer for layer in self.encoder.layers}
        self.shifted, self.context = names["shifted"], names["flat"].output.shape[1]
        self._conditioner, self._labels = names.get("conditioner"), names.get("start_labels")
        self._blocks = [names[name] for name in blocks(self.encoder)]
        self._masks = [names[f"visible_{n + 1}"] for n in range(len(self._blocks))]
        self.ratio = 1
        if self._conditioner is not None:
            self.ratio = self.context // self._conditioner.input.shape[1]

    def start(self, rows):
        """Creates the state before the first code: empty keys and values, and the place 0.

        Args:
            rows: B, sequences sampled at once.

        Returns:
            Pair of a list with a pair (B, heads, T, width / heads) per block, and int32 ().
        """
        return empty_cache(self.encoder, rows), ops.zeros((), "int32")

    def conditions(self, rows, upper=None, labels=None):
        """Computes what is added at each place of a window, before the blocks and after them.

        Args:
            rows: B.
            upper: int32 (B, T / ratio), codes of the level above, if the prior takes them.
            labels: int32 (B, kinds), if it takes them; None for unknown ones.

        Returns:
            list of none or two (B, T, width), float32 arrays.
        """
        if self._conditioner is None and self._labels is None:
            return []
        return [np.asarray(x, "float32") for x in self.added(rows, upper, labels)]

    def added(self, rows, upper=None, labels=None):
        """Returns the two tensors of `conditions`, of a prior that takes either."""
        before = after = ops.zeros((rows, self.context, self.shifted.width))
        if self._conditioner is not None:
            before = after = self._conditioner(ops.convert_to_tensor(upper, "int32"))
        if self._labels is not None:
            if labels is None:
                labels = ops.zeros((rows, len(self._labels.counts)), "int32")
            before = self._labels([before, labels])
        return before, after

    def step(self, codes, cache, index, conditions=()):
        """Computes one step.

        Args:
            codes: int32 (B,), those of the place before; at first the start, K.
            cache: of `start` or of the step before, as is `index`.
            index: int32 scalar, the place whose code is predicted.
            conditions: list of (B, width), at this place.

        Returns:
            Triple of logits float32 (B, K) of the codes at `index`, and cache and index for the
            next step.
        """
        x, kept = self.shifted.embed(codes)[:, None], []
        if conditions:
            x = x + ops.cast(conditions[0], x.dtype)[:, None]
        x = x + self.encoder.get_layer("position_embedding")(x, start_index=index)
        for block, mask, pair in zip(self._blocks, self._masks, cache, strict=True):
            x, pair = block(x, mask.at(index), cache=pair, index=index)
            kept.append(pair)
        x = self.encoder.get_layer("norm")(x)[:, 0]
        if conditions and self._conditioner is not None:
            x = x + ops.cast(conditions[1], x.dtype)
        return self.method.logits(x), kept, index + 1

    def generate(
        self,
        prompt,
        total,
        upper=None,
        labels=None,
        hop_fraction=0.5,
        temperature=1.0,
        seed=0,
        progress=None,
    ):
        """Continues sequences of codes, all of them at once.

        Args:
            prompt: int32 (B, P), codes to begin with; P may be 0.
            total: number of codes of each, those of the prompt included; a multiple of `ratio`.
            upper: int32 (B, U), codes of the level above, for all of `total` and a whole window at
                least.
            labels: int32 (B, kinds), if the prior takes them; None for unknown ones.
            hop_fraction: new codes of a window over its places, above 0 and at most 1.
            temperature: 1 samples from the prior, lower values sharpen it, 0 always takes the
                likeliest code.
            seed: random seed; the same seed and B give the same codes.
            progress: None, or function called with (codes done, total).

        Returns:
            int32 array (B, total).

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        codes = np.asarray(prompt, "int32")
        hop = max(1, round(hop_fraction * self.context) // self.ratio) * self.ratio
        self._check(codes, total, upper, hop_fraction)
        rows = len(codes)
        for number, first in enumerate(window_starts(total, self.context, hop)):
            end = min(first + self.context, total)
            if end <= codes.shape[1]:
                continue
            above = None
            if upper is not None:
                above = upper[:, first // self.ratio :][:, : self.context // self.ratio]
            given = [x[:, : end - first] for x in self.conditions(rows, above, labels)]
            known = np.pad(codes[:, first:], ((0, 0), (1, 0)), constant_values=self.shifted.entries)
            drawn = self._loop.run(
                known[..., None],
                end - codes.shape[1],
                self.start(rows),
                temperature,
                # Windows have draws of their own.
                int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1),
                given,
            )
            codes = np.concatenate([codes, drawn[..., 0]], axis=1)
            if progress is not None:
                progress(codes.shape[1], total)
        return codes[:, :total]

    def _check(self, codes, total, upper, hop_fraction):
        if codes.ndim != 2 or total < 1 or total % self.ratio:
            raise ValueError(
                f"prompts must be codes (B, P), and the total a multiple of {self.ratio}, 1 or "
                f"more; got {codes.shape} and {total}."
            )
        if not 0 < hop_fraction <= 1:
            raise ValueError(f"hop_fraction={hop_fraction} must be above 0 and at most 1.")
        if (upper is None) != (self._conditioner is None):
            raise ValueError("upper codes go with a prior that takes them, and with no other.")
        least = max(total, self.context) // self.ratio
        if upper is not None and upper.shape[1] < least:
            raise ValueError(f"upper must have {least} codes or more; got {upper.shape[1]}.")

    @functools.cached_property
    def _loop(self):
        def advance(codes, state, conditions, choose):
            logits, *state = self.step(codes[:, 0], *state, conditions)
            return choose(logits, 0)[:, None], tuple(state)

        return SamplingLoop(advance, 1)


def window_starts(total, context, hop):
    """Lists where windows begin that fill a sequence.

    Args:
        total: its length.
        context: length of a window.
        hop: from one window to the next; the last one ends where the sequence does.

    Returns:
        list of int.
    """
    if total <= context:
        return [0]
    starts = range(0, total - context + hop, hop)
    return [min(first, total - context) for first in starts]
