"""Sampling of pictures' codes for captions from DALL-E."""

import functools

import numpy as np
from keras import ops

from mmssl.encoders.dalle import caption_tokens, decode
from mmssl.encoders.parts.cache import empty_cache
from mmssl.generation.sampling_loop import SamplingLoop


class DALLESampler:
    """Draws the codes of pictures for captions, with the keys and values of earlier tokens kept.

    Args:
        method: DALLE, whose current weights are used at every step.

    Attributes:
        code_shape: rows and columns of a picture's codes.
        count: N, codes of a picture.
        values: K, different codes.
        conditions: dict from the name of what `begin` also takes to its shape.
    """

    def __init__(self, method):
        self.method = method
        self.code_shape = method.encoder.input["codes"].shape[1:]
        self.count = self.code_shape[0] * self.code_shape[1]
        self.values = method.heads["image"].units
        self.conditions = {name: (method.length,) for name in ("token_ids", "padding_mask")}

    def begin(self, rows, token_ids, padding_mask):
        """Reads captions, all but their last token.

        Args:
            rows: B.
            token_ids: int32 (B, L).
            padding_mask: int32 (B, L).

        Returns:
            State of `step`: the cache, the last token (B, 1, width), and the number of the code to
            draw, int32.
        """
        encoder = self.method.encoder
        tokens = caption_tokens(encoder, token_ids, padding_mask)
        _, cache = decode(encoder, tokens[:, :-1], empty_cache(encoder, rows), 0)
        return cache, tokens[:, -1:], np.int32(0)

    def step(self, codes, state, choose):
        """Computes one code.

        Args:
            codes: int32 (B, 1), the code before; not looked at for the first one.
            state: see `begin`.
            choose: function (logits float32 (B, K), 0) -> int32 (B,), the code.

        Returns:
            Pair of the code and the state, like the arguments.
        """
        cache, last, number = state
        embedded = self.method.encoder.get_layer("code_embedding")(codes)
        tokens = ops.where(number > 0, embedded, last)
        place = self.method.length + number
        features, cache = decode(self.method.encoder, tokens, cache, place)
        code = choose(self.method.heads["image"](features[:, 0]), 0)
        return code[:, None], (cache, last, number + 1)

    def codes(self, token_ids, padding_mask, seed=0, temperature=1.0, progress=None):
        """Draws a picture's codes for each caption.

        Args:
            token_ids: int32 (B, L).
            padding_mask: int32 (B, L).
            seed: the same seed and captions give the same codes.
            temperature: 1 samples from the model, lower values sharpen it, 0 always takes the
                likeliest code.
            progress: None, or function called with (codes done, total codes).

        Returns:
            int32 array (B, rows, columns).

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        token_ids, padding_mask = (np.asarray(x, "int32") for x in (token_ids, padding_mask))
        start = np.zeros((len(token_ids), 1, 1), "int32")  # stands for the caption's last token
        state = self.begin(len(token_ids), token_ids, padding_mask)
        drawn = self._loop.run(start, self.count, state, temperature, seed, progress=progress)
        return drawn[..., 0].reshape(-1, *self.code_shape)

    @functools.cached_property
    def _loop(self):
        return SamplingLoop(lambda codes, state, _, choose: self.step(codes, state, choose), 1)
