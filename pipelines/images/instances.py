"""Image crops that say which picture they are of, and name others to tell them from."""

from typing import Any

import tensorflow as tf

from mmssl.pipelines.images.beside import ChannelCrops
from mmssl.pipelines.numbered import Numbered

_NEGATIVES = 3  # keeps their draws independent of those of the crop


class InstanceCrops(Numbered, ChannelCrops):
    """Random crops with the number of their picture and those of random others.

    In addition to images, batches hold index int32 (B,), the number of the picture, and, with
    `num_negatives` above 0, negatives int32 (B, num_negatives), numbers drawn with replacement from
    all pictures, so that they may contain the picture's own.

    Args:
        source: see `ChannelCrops`.
        size: see `ChannelCrops`.
        batch_size: see `ChannelCrops`.
        num_negatives: K, 0 or more.
        **kwargs: see `ChannelCrops`.
    """

    def __init__(
        self,
        source: Any = "builtin:photos",
        size: int = 64,
        batch_size: int = 64,
        num_negatives: int = 512,
        **kwargs,
    ):
        super().__init__(source, size, batch_size, **kwargs)
        if num_negatives < 0:
            raise ValueError(f"num_negatives={num_negatives} must be 0 or more")
        self.num_negatives = num_negatives

    def example(self, index, key):
        element = super().example(index, key)
        if not self.num_negatives:
            return element
        negative_key = tf.random.experimental.stateless_fold_in(key, _NEGATIVES)
        shape = [self.num_negatives]
        drawn = tf.random.stateless_uniform(shape, negative_key, 0, self.count, tf.int32)
        return {**element, "negatives": drawn}
