"""Sampling of codes by a prior, and of the pictures that they stand for."""

from functools import cached_property

import keras
import numpy as np

from mmssl.generation.raster_sampler import RasterSampler
from mmssl.methods.pixel_prior import UPPER


class CodeMapSampler(RasterSampler):
    """PixelCNN over the codes of one level of a tokenizer; see `RasterSampler`.

    Args:
        method: mmssl.methods.PixelPrior.
        data: mmssl.pipelines.codes.Codes that it was trained with, whose `decoder` is set.
    """

    def __init__(self, method, data):
        super().__init__(method)
        self.decoder, self.levels = data.decoder, data.spec.levels
        self.level = data.level or self.levels[0]
        self.above = data.spec.above(self.level)

    def codes(self, count, seed=0, temperature=1.0, upper=None, progress=None):
        """Draws codes.

        Args:
            count: number of maps.
            seed: see `RasterSampler.draw`, as for the next.
            temperature: 0 or more.
            upper: int32 (count, h, w), codes of the level above, where there is one.
            progress: None, or function called with (codes done, total codes).

        Returns:
            int32 array (count, H, W).
        """
        told = [] if upper is None else [np.asarray(self._told(upper))]
        nothing = np.zeros((count, 0, 1), "int32")
        return self.draw(nothing, temperature, seed, told, progress)[..., 0]

    @cached_property
    def _told(self):
        """What the level above tells each place: from (B, h, w) to (B, H, W, C)."""
        [told] = self.conditions
        return keras.Model(self.method.encoder.input[UPPER], told)

    def decoded(self, codes):
        """Decodes the codes of all levels, a dict: uint8 array (B, H, W, 3)."""
        found = np.clip(np.asarray(self.decoder(codes)), 0, 1)
        return np.rint(255 * np.broadcast_to(found, (*found.shape[:3], 3))).astype("uint8")

    def sample(self, count, seed=0, temperature=1.0, progress=None, below=()):
        """Draws pictures, level by level from the top down.

        Args:
            count: number of them.
            seed: see `RasterSampler.draw`, as for the next; of each further level, the next one.
            temperature: 0 or more.
            progress: None, or function called with (codes done, total codes) of each level.
            below: CodeMapSamplers of the other levels, from the next to the last.

        Returns:
            uint8 array (count, H, W, 3).

        Raises:
            ValueError: these are not all levels, or one was trained on other codes.
        """
        chain = [self, *below]
        self._check(chain)
        drawn, upper = {}, None
        for number, sampler in enumerate(chain):
            upper = sampler.codes(count, seed + number, temperature, upper, progress)
            drawn[sampler.level] = upper
        return self.decoded(drawn)

    def _check(self, chain):
        given = [sampler.level for sampler in chain]
        if given != self.levels:
            raise ValueError(
                f"pictures are drawn from the levels {', '.join(self.levels)}, in that order; got "
                f"those of {', '.join(given)}: begin with the run of {self.levels[0]}, and name "
                "those below with --lower."
            )
