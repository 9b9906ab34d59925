"""Crops and views of images that tell which image they were made of."""

from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.images.views import ImageViews
from mmssl.pipelines.numbered import Numbered


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
