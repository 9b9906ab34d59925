"""Image crops beside what an autoencoder is to reconstruct of them."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.elements import fixed_keys, mapped
from mmssl.pipelines.images.crops import ImageCrops
from mmssl.pipelines.sources import Source

_DRAWS = 3  # keeps them independent of those of the crop
_COINS = 4


class TargetCrops(ImageCrops):
    """Random crops, which are also what is to be reconstructed.

    Batches hold images float32 (B, size, size, 3), and target float32 (B, size, size, C) in [0, 1],
    C being 1 for gray pictures, whose images have three equal channels, else 3. Inputs of a trained
    encoder are those of `ImageCrops`.

    Args:
        source: see `ImageCrops`.
        size: see `ImageCrops`; the method predicts as many pixels.
        batch_size: see `ImageCrops`.
        gray: replace the channels by their mean; the encoder takes it from here.
        binarize: draw each value of a crop as 0 or 1, with itself as the probability of a 1.
        **kwargs: see `ImageCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 28,
        batch_size: int = 64,
        gray: bool = True,
        binarize: bool = False,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        self.gray = gray
        self.binarize = binarize

    def drawn(self, target, key):
        """Makes what a batch holds beside the target, for subclasses.

        Args:
            target: float32 tensor (size, size, C) in [0, 1].
            key: int64 (2,), the seed.

        Returns:
            dict of tensors; `images` is what the encoder sees, (size, size, C).
        """
        return {"images": target}

    def element(self, image, key):
        """Makes an element of a crop or of a whole picture.

        Args:
            image: float32 tensor (size, size, 3) in [0, 1].
            key: int64 (2,), the seed.

        Returns:
            dict of tensors.
        """
        target = tf.reduce_mean(image, axis=-1, keepdims=True) if self.gray else image
        if self.binarize:
            coins = tf.random.stateless_uniform(target.shape, _fold(key, _COINS))
            target = tf.cast(coins < target, tf.float32)
        element = {**self.drawn(target, _fold(key, _DRAWS)), "target": target}
        if self.gray:
            element["images"] = tf.tile(element["images"], [1, 1, 3])
        return element

    def example(self, index, key):
        return self.element(super().example(index, key)["images"], key)

    def fixed_elements(self, source, batch_size=64):
        """Returns an element of every whole picture of a source, the same at every call.

        Args:
            source: Source, or anything that `open` accepts.
            batch_size: pictures per batch; the last batch may be smaller.

        Returns:
            tf.data.Dataset of dicts, as batches of training.
        """
        source = source if isinstance(source, Source) else self.open(source)
        whole = self.examples(source, batch_size).unbatch()

        def element(key, inputs):
            image = tf.ensure_shape(inputs["images"], [self.size, self.size, 3])
            return self.element(image, key)

        keyed = tf.data.Dataset.zip(fixed_keys(len(source)), whole)
        return mapped(keyed, element).batch(batch_size)

    def target_shape(self):
        """Returns the shape of a target."""
        return (self.size, self.size, 1 if self.gray else 3)

    def encoder_arguments(self):
        return {**super().encoder_arguments(), "gray": self.gray}

    def method_arguments(self):
        return {**super().method_arguments(), "target_shape": self.target_shape()}


def _fold(key, number):
    return tf.random.experimental.stateless_fold_in(key, number)
