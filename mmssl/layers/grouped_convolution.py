"""Convolution in groups of channels, on every backend and device."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class GroupedConvolution(keras.layers.Layer):
    """Convolution with stride 1 and `same` padding whose channels are parted into groups.

    Keras' own are compiled with XLA on TensorFlow's processors, which takes 60 times as long there
    and does not run on several replicas. This one is as many ordinary convolutions as there are
    groups.

    Args:
        filters: channels of the output, a multiple of `groups`.
        kernel: taps along each axis, a tuple: one number for sequences, two for maps.
        groups: parts that the channels of input and output fall into, 1 or more.

    Call arguments:
        x: (B, T, C) or (B, H, W, C), C a multiple of `groups`.

    Returns:
        The same with `filters` channels.

    Raises:
        ValueError: a number of channels is no multiple of `groups`.
    """

    def __init__(self, filters, kernel, groups=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel = tuple(kernel)
        self.groups = groups

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError(
                f"GroupedConvolution(groups={self.groups}) needs channels that its groups divide; "
                f"got {channels} in and {self.filters} out."
            )
        self.weight = self.add_weight(
            (*self.kernel, channels // self.groups, self.filters), name="kernel"
        )
        self.bias = self.add_weight((self.filters,), initializer="zeros", name="bias")

    def call(self, x):
        weight = ops.cast(self.weight, x.dtype)
        parts = zip(
            ops.split(x, self.groups, axis=-1),
            ops.split(weight, self.groups, axis=-1),
            strict=True,
        )
        outputs = [ops.conv(part, kernel, padding="same") for part, kernel in parts]
        return ops.concatenate(outputs, axis=-1) + ops.cast(self.bias, x.dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        own = {"filters": self.filters, "kernel": self.kernel, "groups": self.groups}
        return {**super().get_config(), **own}
