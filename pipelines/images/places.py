"""Two views of every image that are mirrored alike, each with one of its places drawn."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.views import ImageViews


class PlaceViews(ImageViews):
    """`ImageViews` that are both mirrored or both not, with a place of each.

    In addition to images_1 and images_2, batches hold place_1 and place_2, int32 (B,), numbers
    below `places`. The settings of AMDIM (arXiv 1906.00910): scale [0.3, 1], ratio [0.7, 1.4],
    jitter [0.4, 0.4, 0.4, 0.1] and gray_probability 0.25.

    Args:
        source: see `ImageViews`.
        size: see `ImageViews`.
        batch_size: see `ImageViews`.
        places: number of places in a view to draw one from, 1 or more; 25 for maps of 5 x 5.
        **kwargs: see `ImageViews`.

    Raises:
        ValueError: an argument is out of range.
    """

    augment_draws = 1

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 256,
        places: int = 25,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if places < 1:
            raise ValueError(f"places={places} must be 1 or more")
        self.places = places

    def describe(self, box, draws, view):
        place = tf.floor(draws["augment"][:, 0] * self.places)
        return {f"place_{view + 1}": tf.cast(place, tf.int32)}

    def method_arguments(self):
        return {**super().method_arguments(), "places": self.places}

    def _for_views(self, draws):
        flip = None
        for own in super()._for_views(draws):
            flip = own["flip"] if flip is None else flip
            yield {**own, "flip": flip}
