"""Sampling of pictures pixel by pixel."""

import numpy as np

from mmssl.generation.raster_sampler import RasterSampler
from mmssl.layers import from_intensities, to_intensities


class PixelSampler(RasterSampler):
    """Draws and completes pictures with a PixelRNN; see `RasterSampler`.

    Args:
        method: mmssl.methods.PixelRNN.
    """

    def sample(self, count, seed=0, temperature=1.0, progress=None):
        """Draws pictures.

        Args:
            count: number of them.
            seed: see `draw`, as for the next two.
            temperature: 0 or more.
            progress: None, or function.

        Returns:
            uint8 array (count, H, W, 3).
        """
        nothing = np.zeros((count, 0, self.channels), "int32")
        return self.pictures(self.draw(nothing, temperature, seed, progress=progress))

    def complete(self, images, seed=0, temperature=1.0, progress=None):
        """Draws the lower half of pictures, given the upper one.

        Args:
            images: float32 (B, H, W, 3) in [0, 1].
            seed: see `draw`, as for the next two.
            temperature: 0 or more.
            progress: None, or function.

        Returns:
            uint8 array (B, H, W, 3), the upper half as the model sees it.
        """
        images = images.mean(axis=-1, keepdims=True) if self.channels == 1 else images
        upper = np.asarray(to_intensities(images, self.method.levels))[:, : self.height // 2]
        given = upper.reshape(len(upper), -1, self.channels)
        return self.pictures(self.draw(given, temperature, seed, progress=progress))

    def pictures(self, symbols):
        """Turns levels int32 (B, H, W, channels) into pictures uint8 (B, H, W, 3)."""
        values = np.asarray(from_intensities(symbols, self.method.levels))
        return np.rint(255 * np.broadcast_to(values, (*values.shape[:3], 3))).astype("uint8")
