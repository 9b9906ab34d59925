"""Sampling of pictures from image GPT, pixel by pixel."""

import functools

import numpy as np

from mmssl.encoders.image_gpt import decode
from mmssl.encoders.parts.cache import empty_cache
from mmssl.generation.sampling_loop import SamplingLoop

ROWS = 4  # of pixels between two progress reports


class ImageGPTSampler:
    """Draws pictures, or completes them, with the keys and values of earlier pixels kept.

    Args:
        method: ImageGPT of a causal encoder, whose current weights are used at every step.

    Attributes:
        size: height and width of a picture.
        count: T, pixels of a picture.
        values: K, colors.
        conditions: dict from the name of what `begin` also takes to its shape; empty.

    Raises:
        ValueError: the encoder is not causal.
    """

    def __init__(self, method):
        if not method.causal:
            raise ValueError(
                "An ImageGPT of the objective of BERT draws no pictures: its encoder sees all "
                "pixels. Train vision/image_gpt."
            )
        self.method = method
        self.size = method.encoder.input["images"].shape[1]
        self.count, self.values, self.conditions = self.size**2, method.palette.colors, {}

    def begin(self, rows):
        """Creates the state before the first pixel of so many pictures; see `step`."""
        return empty_cache(self.method.encoder, rows), np.int32(0)

    def step(self, codes, state, choose):
        """Computes one pixel.

        Args:
            codes: int32 (B, 1), the color of the pixel before; not looked at for the first one.
            state: of `begin`, the cache and the number of the pixel, int32.
            choose: function (logits float32 (B, K), 0) -> int32 (B,), the color.

        Returns:
            Pair of the pixel's color and the state, like the arguments.
        """
        cache, index = state
        features, cache = decode(self.method.encoder, codes[:, 0], cache, index)
        return choose(self.method.head(features), 0)[:, None], (cache, index + 1)

    def sample(self, count, seed=0, temperature=1.0, progress=None):
        """Draws pictures.

        Args:
            count: B, number of pictures, 1 or more.
            seed: the same seed and count give the same pictures.
            temperature: 1 samples from the model, lower values sharpen it, 0 always takes the
                likeliest color.
            progress: None, or function called with (pixels done, total pixels).

        Returns:
            uint8 array (B, size, size, 3).

        Raises:
            ValueError: an argument is out of range, or Keras does not run on TensorFlow.
        """
        return self._continued(np.zeros((count, 0), "int32"), seed, temperature, progress)

    def complete(self, images, seed=0, temperature=1.0, progress=None):
        """Draws the lower half of pictures whose upper half is given.

        Args:
            images: float32 (B, size, size, 3) in [0, 1].
            seed: see `sample`, as for the others.
            temperature: 0 or more.
            progress: None, or function.

        Returns:
            uint8 array (B, size, size, 3), the upper half in the colors of the palette.
        """
        codes = np.asarray(self.method.palette(images))
        upper = codes[:, : self.size // 2 * self.size]
        return self._continued(upper, seed, temperature, progress)

    def _continued(self, codes, seed, temperature, progress):
        rows, given = codes.shape
        prompt = np.pad(codes, ((0, 0), (1, 0)))[..., None]  # its first code stands for the start
        drawn = self._loop.run(
            prompt, self.count - given, self.begin(rows), temperature, seed, progress=progress
        )
        whole = np.concatenate([codes, drawn[..., 0]], axis=1)
        return self.method.palette.lookup(whole).reshape(rows, self.size, self.size, 3)

    @functools.cached_property
    def _loop(self):
        return SamplingLoop(
            lambda codes, state, _, choose: self.step(codes, state, choose), 1, ROWS * self.size
        )
