"""Pairs of pictures that show the same or something else, for learning a distance."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf

from mmssl.choices import check_choices
from mmssl.pipelines.images.views import ImageViews

_PARTNER = 1  # keeps the draw of the partner independent of those of the views


class ImagePairs(ImageViews):
    """Pairs of augmented pictures, every other one of them alike.

    Batches hold images_1 and images_2, float32 (B, size, size, 3) in [0, 1], and same float32
    (B,), 1 for pairs that are alike and 0 for others. Which pairs are, `pairs` says:

    - `views`: two views of one picture; others are views of two pictures;
    - `labels`: two pictures of one class, drawn anew each time (two views of one, where its class
      has no other or it has no label); others are of two classes.

    The two of a pair are augmented as views 1 and 2 of `ImageViews`. Inputs of a trained encoder
    are those of `ImageCrops`.

    Args:
        source: see `ImageCrops`.
        size: see `ImageViews`.
        batch_size: pairs per batch; an even number has as many that are alike as others.
        pairs: `views` or `labels`; labels are those of the source, of `labels` or `label_column`.
        **kwargs: see `ImageViews`; there are no small views.

    Raises:
        ValueError: `pairs` is unknown, or there are no labels, or only one class.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 32,
        batch_size: int = 128,
        pairs: Literal["views", "labels"] = "views",
        **kwargs,
    ):
        check_choices(ImagePairs.__init__, pairs=pairs)
        super().__init__(source, size, batch_size, num_small_views=0, **kwargs)
        self.pairs = pairs
        self._places = None

    def index(self, folder=None):
        super().index(folder)
        classes = self._classes()
        order = np.argsort(classes, kind="stable")
        counts = np.bincount(classes)
        if len(counts) < 2:
            raise ValueError(
                f"pairs={self.pairs!r} needs two classes or more, to make pairs that differ; there "
                "is one"
            )
        first = (np.cumsum(counts) - counts)[classes]
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        self._order_of_classes = tf.constant(order, tf.int64)
        # Of each item: its place in that order, where its class begins there, and how long it is.
        self._places = tf.constant(np.stack([places, first, counts[classes]], 1), tf.int64)

    def batched(self, numbers, seed, rows):
        # One by one: the two of a pair are different items.
        return super(ImageViews, self).batched(numbers, seed, rows)

    def example(self, index, key):
        same = 1 - key[1] % 2
        partner_key = tf.random.experimental.stateless_fold_in(key, _PARTNER)
        first, second = index, self.partner(index, same, partner_key)
        views = self.views_of_items([self.item(first), self.item(second)], key)
        return {**views, "same": tf.cast(same, tf.float32)}

    def partner(self, index, same, key):
        """Draws the item that another one is paired with.

        Args:
            index: int64 scalar, an item.
            same: int64 scalar, 1 for another one of its class, if there is one, 0 for one of
                another class.
            key: int64 (2,), the seed.

        Returns:
            int64 scalar.
        """
        place, first, count = tf.unstack(tf.gather(self._places, index))
        others = self.count - count
        choices = tf.where(same == 1, tf.maximum(count - 1, 1), others)
        drawn = tf.random.stateless_uniform([], key, 0, choices, tf.int64)
        alike = first + (place - first + 1 + drawn) % count
        different = (first + count + drawn) % self.count
        return tf.gather(self._order_of_classes, tf.where(same == 1, alike, different))

    def _classes(self):
        """Returns the class of each item, int64 (N,); one without a label is a class of its own."""
        if self.pairs == "views":
            return np.arange(len(self.items))
        if self.items.labels is None:
            raise ValueError(
                "pairs='labels' needs labels, and the source has none: set labels or label_column"
            )
        names, classes = np.unique(self.items.labels, return_inverse=True)
        alone = self.items.labels == ""
        classes[alone] = len(names) + np.arange(alone.sum())
        return np.unique(classes, return_inverse=True)[1]
