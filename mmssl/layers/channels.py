"""Groups of an image's channels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class ChannelGroups(keras.layers.Layer):
    """Splits the channels of an image into two groups.

    Args:
        sizes: number of channels of each group, 1 or more.

    Call arguments:
        images: (B, H, W, C), C the sum of the sizes.

    Returns:
        list of two, (B, H, W, sizes[0]) and (B, H, W, sizes[1]).

    Raises:
        ValueError: there are not two groups, or one is empty.
    """

    def __init__(self, sizes, **kwargs):
        super().__init__(**kwargs)
        if len(sizes) != 2 or min(sizes) < 1:
            raise ValueError(f"ChannelGroups(sizes={list(sizes)}) must be two numbers, 1 or more.")
        self.sizes = [int(size) for size in sizes]

    def call(self, images):
        return ops.split(images, [self.sizes[0]], axis=-1)

    def compute_output_shape(self, input_shape):
        return [(*input_shape[:-1], size) for size in self.sizes]

    def get_config(self):
        return {**super().get_config(), "sizes": self.sizes}
