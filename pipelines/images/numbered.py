"""Crops and views of images that tell which image they were made of."""

import tensorflow as tf

from mmssl.pipelines.elements import mapped, uniforms
from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.views import ImageViews
from mmssl.pipelines.numbered import Numbered

_OTHER_SEED = 1_000_003  # added to the seed, whose own draws are those of the views
_KEYS = 2**24  # as many as a float32 below 1 tells apart


class NumberedCrops(Numbered, ImageCrops):
    """Random crops as those of `ImageCrops`, and the index of each one's image.

    Batches hold images float32 (B, size, size, 3) in [0, 1], and index int32 (B,).

    Arguments and inputs of a trained encoder are those of `ImageCrops`.
    """


class NumberedViews(Numbered, ImageViews):
    """Several views as those of `ImageViews`, and the index of their image.

    Batches hold images_1, images_2 and so on, see `ImageViews`, and index int32 (B,).

    Arguments and inputs of a trained encoder are those of `ImageViews`.
    """


class SampledViews(NumberedViews):
    """`NumberedViews`, and a key of what a method draws for each image, such as negatives.

    Batches also hold draws int32 (B,), 0 or more.

    Arguments and inputs of a trained encoder are those of `ImageViews`.
    """

    def batched(self, numbers, seed, rows):
        """Adds the keys to the batches."""

        def keys(several):
            drawn = uniforms(seed + _OTHER_SEED, several[0], rows, 1)[:, 0]
            return tf.cast(drawn * _KEYS, tf.int32)

        several = numbers.batch(rows, drop_remainder=True)
        both = tf.data.Dataset.zip(super().batched(numbers, seed, rows), mapped(several, keys))
        return mapped(both, lambda batch, draws: {**batch, "draws": draws})
