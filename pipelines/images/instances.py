"""Image crops that say which picture they are of, and name others to tell them from."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.beside import ChannelCrops

_NEGATIVES = 3  # keeps their draws independent of those of the crop


class InstanceCrops(ChannelCrops):
    """Random crops with the number of their picture and those of random others.

    In addition to images, batches hold index int32 (B,), the number of the picture, and, with
    `num_negatives` above 0, negatives int32 (B, num_negatives), numbers drawn with replacement from
    all pictures, so that they may contain the picture's own.

    Args:
        source: see `ChannelCrops`.
        size: see `ChannelCrops`.
        batch_size: see `ChannelCrops`.
        num_instances: pictures that a method keeps room for, at least those of the source; it
            takes the number from here.
        num_negatives: K, 0 or more.
        **kwargs: see `ChannelCrops`.

    Raises:
        ValueError: an argument is out of range; or, when prepared, the source has more pictures.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        num_instances: int = 10000,
        num_negatives: int = 512,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if num_instances < 1:
            raise ValueError(f"num_instances={num_instances} must be 1 or more")
        if num_negatives < 0:
            raise ValueError(f"num_negatives={num_negatives} must be 0 or more")
        self.num_instances = num_instances
        self.num_negatives = num_negatives

    def index(self, folder=None):
        super().index(folder)
        if self.count > self.num_instances:
            raise ValueError(
                f"num_instances={self.num_instances} is less than the {self.count} pictures of the "
                f"source: set it to {self.count} or more"
            )

    def example(self, index, key):
        element = {**super().example(index, key), "index": tf.cast(index, tf.int32)}
        if not self.num_negatives:
            return element
        negative_key = tf.random.experimental.stateless_fold_in(key, _NEGATIVES)
        shape = [self.num_negatives]
        drawn = tf.random.stateless_uniform(shape, negative_key, 0, self.count, tf.int32)
        return {**element, "negatives": drawn}

    def method_arguments(self):
        return {**super().method_arguments(), "num_instances": self.num_instances}
