"""The base of methods that predict colors from lightness."""

import keras
import numpy as np

from mmssl.layers import Lightness, lab_to_rgb
from mmssl.layers.color import rgb_to_lightness
from mmssl.methods.bases.held_out_images import first_images, sheet
from mmssl.methods.bases.pretrainer import Pretrainer

REPORT_IMAGES = 12


class Colorizer(Pretrainer):
    """Base of methods that predict colors from lightness; a subclass defines `colorize`, too.

    Args:
        encoder: keras.Model that reads the lightness of `images`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder sees the colors.
    """

    def __init__(self, encoder: keras.Model, **kwargs):
        super().__init__(encoder, **kwargs)
        if not any(isinstance(layer, Lightness) for layer in encoder.layers):
            raise ValueError(
                f"{type(self).__name__}(encoder=...) needs one that sees lightness alone, as of "
                f"mmssl.encoders.conv_encoder(gray=True); {encoder.name} sees the colors."
            )

    def colorize(self, images):
        """Colorizes images from their lightness.

        Args:
            images: float32 (B, H, W, 3) in [0, 1], of the encoder's size.

        Returns:
            float32 (B, H, W, 3) in [0, 1]: the given lightness with the predicted color.
        """
        raise NotImplementedError(f"{type(self).__name__} must define colorize.")

    def report_images(self, data):
        """Draws rows of gray, predicted and true images.

        Args:
            data: pipeline over the images to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        images = first_images(data, REPORT_IMAGES)
        lightness = np.asarray(rgb_to_lightness(images))
        gray = lab_to_rgb(np.concatenate([lightness, np.zeros_like(images[..., 1:])], axis=-1))
        rows = [gray, self.colorize(images), images]
        caption = "Rows: lightness as the encoder sees it, predicted colors, true colors."
        return [("Colorization", caption, sheet(rows))]
