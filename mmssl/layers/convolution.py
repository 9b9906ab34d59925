"""What Keras' convolutions lack: WaveNet's, groups, upsampled frames, padding by mirrors."""

import keras
from keras import ops


def delayed(x, steps):
    """Delays a sequence, padding it with zeros on the left.

    Args:
        x: (B, T, C).
        steps: int, 1 or more; may exceed T.

    Returns:
        (B, T, C), whose step t holds x at t - steps.
    """
    return ops.pad(x, [[0, 0], [steps, 0], [0, 0]])[:, :-steps]


@keras.saving.register_keras_serializable("mmssl")
class CausalEmbedding(keras.layers.Layer):
    """Causal convolution with two taps over one-hot codes, implemented as an embedding lookup.

    The sequence is padded on the left with the zero vector, not with the code of silence.

    Args:
        levels: number of codes.
        width: output channels.

    Call arguments:
        codes: int32 (B, T).

    Returns:
        (B, T, width).
    """

    def __init__(self, levels, width, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels
        self.width = width

    def build(self, input_shape):
        self.table = self.add_weight((self.levels, 2 * self.width), name="table")
        self.bias = self.add_weight((self.width,), initializer="zeros", name="bias")

    def call(self, codes):
        now, later = self.taps(codes)
        return self.combine(now, delayed(later, 1))

    def taps(self, codes):
        """Looks up what codes contribute to their own step and to the next: two of (..., width)."""
        return ops.split(ops.take(self.table, codes, axis=0), 2, axis=-1)

    def combine(self, now, before):
        """Adds the contributions of this step's code and of the code before it."""
        return now + before + ops.cast(self.bias, now.dtype)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels, "width": self.width}


@keras.saving.register_keras_serializable("mmssl")
class GatedUnit(keras.layers.Layer):
    """WaveNet layer: dilated causal convolution, gate, 1x1 convolutions to residual and skip.

        z = tanh(W_f * x + sum_c V_f c) . sigmoid(W_g * x + sum_c V_g c)

    The input is padded with zeros on the left, so that step-by-step sampling from a queue
    initialized to zeros computes the same.

    Args:
        gate_channels: channels of z.
        skip_channels: channels of the skip connection.
        dilation: dilation rate of the convolution, in steps.
        kernel_size: taps of the convolution, 2 or more.
        last: whether this is the last layer, which has no residual since nothing would read it.

    Call arguments:
        inputs: list of x (B, T, C) and any number of conditions (B, T, D) or (B, 1, D).

    Returns:
        Pair of x plus the residual, (B, T, C), and the skip output, (B, T, skip_channels).
    """

    def __init__(self, gate_channels, skip_channels, dilation, kernel_size=2, last=False, **kwargs):
        super().__init__(**kwargs)
        self.gate_channels = gate_channels
        self.skip_channels = skip_channels
        self.dilation = dilation
        self.kernel_size = kernel_size
        self.last = last

    def build(self, input_shape):
        x, *conditions = input_shape
        policy = self.dtype_policy
        self.convolution = keras.layers.Dense(2 * self.gate_channels, dtype=policy)
        self.convolution.build((None, self.kernel_size * x[-1]))
        self.conditioners = [
            keras.layers.Dense(2 * self.gate_channels, use_bias=False, dtype=policy)
            for _ in conditions
        ]
        for conditioner, shape in zip(self.conditioners, conditions, strict=True):
            conditioner.build((None, shape[-1]))
        residual = 0 if self.last else x[-1]
        self.projection = keras.layers.Dense(self.skip_channels + residual, dtype=policy)
        self.projection.build((None, self.gate_channels))

    @property
    def delays(self):
        """How many steps back each tap reads, except for the current step's."""
        return [self.dilation * tap for tap in range(1, self.kernel_size)]

    def call(self, inputs):
        x, *conditions = inputs
        return self.combine([x, *(delayed(x, steps) for steps in self.delays)], conditions)

    def combine(self, taps, conditions):
        """Computes any number of steps from the inputs of the convolution's taps.

        Args:
            taps: list of (..., C): x at these steps, then x delayed by each of `delays`.
            conditions: list of (..., D).

        Returns:
            See the class.
        """
        gates = self.convolution(ops.concatenate(taps, axis=-1))
        for conditioner, condition in zip(self.conditioners, conditions, strict=True):
            gates = gates + conditioner(condition)
        signal, gate = ops.split(gates, 2, axis=-1)
        outputs = self.projection(ops.tanh(signal) * ops.sigmoid(gate))
        if self.last:
            return taps[0], outputs
        skip, residual = ops.split(outputs, [self.skip_channels], axis=-1)
        return taps[0] + residual, skip

    def get_config(self):
        names = ("gate_channels", "skip_channels", "dilation", "kernel_size", "last")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("mmssl")
class GroupedConvolution(keras.layers.Layer):
    """Grouped convolution with stride 1 and `same` padding.

    With TensorFlow on CPUs, Keras compiles its own grouped convolutions with XLA, which takes 60
    times as long there and does not work on several replicas. This layer runs one ordinary
    convolution per group instead.

    Args:
        filters: output channels, a multiple of `groups`.
        kernel_size: tuple of taps along each axis: one number for sequences, two for feature maps.
        groups: number of groups that the channels are split into, 1 or more.

    Call arguments:
        x: (B, T, C) or (B, H, W, C), C a multiple of `groups`.

    Returns:
        The same shape with `filters` channels.

    Raises:
        ValueError: a number of channels is not a multiple of `groups`.
    """

    def __init__(self, filters, kernel_size, groups=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = tuple(kernel_size)
        self.groups = groups

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError(
                f"GroupedConvolution(groups={self.groups}) needs channels that are a multiple of "
                f"groups; got {channels} input and {self.filters} output channels."
            )
        self.weight = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters), name="kernel"
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
        own = {"filters": self.filters, "kernel_size": self.kernel_size, "groups": self.groups}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("mmssl")
class FrameUpsampling(keras.layers.Layer):
    """Upsamples frames to the sample rate by a transposed convolution over time.

    The kernel spans two frames and is shared by all channels; it is initialized to average the two
    frames nearest to a sample and learns to interpolate.

    Args:
        hop: samples per frame.

    Call arguments:
        inputs: pair of frames (B, F, C) and a sequence (B, T, ...) with T at most F * hop.

    Returns:
        (B, T, C).
    """

    def __init__(self, hop, **kwargs):
        super().__init__(**kwargs)
        self.hop = hop

    def build(self, input_shape):
        self.interpolation = keras.layers.Conv2DTranspose(
            1,
            (2 * self.hop, 1),
            strides=(self.hop, 1),
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(0.5),
            dtype=self.dtype_policy,
        )
        self.interpolation.build((None, None, None, 1))

    def call(self, inputs):
        frames, samples = inputs
        return self.upsample(frames)[:, : ops.shape(samples)[1]]

    def upsample(self, frames):
        """Returns (B, F * hop, C) for (B, F, C)."""
        return self.interpolation(frames[..., None])[..., 0]

    def compute_output_shape(self, input_shape):
        frames, samples = input_shape
        return (frames[0], samples[1], frames[-1])

    def get_config(self):
        return {**super().get_config(), "hop": self.hop}


@keras.saving.register_keras_serializable("mmssl")
class ReflectionPadding(keras.layers.Layer):
    """Continues a picture or map beyond its border by its mirror image.

    Args:
        pixels: added on each side, fewer than the picture has.

    Call arguments:
        x: (B, H, W, C).

    Returns:
        (B, H + 2 * pixels, W + 2 * pixels, C).
    """

    def __init__(self, pixels, **kwargs):
        super().__init__(**kwargs)
        self.pixels = pixels

    def call(self, x):
        around = [self.pixels, self.pixels]
        return ops.pad(x, [[0, 0], around, around, [0, 0]], mode="reflect")

    def compute_output_shape(self, input_shape):
        rows, height, width, channels = input_shape
        return (rows, height + 2 * self.pixels, width + 2 * self.pixels, channels)

    def get_config(self):
        return {**super().get_config(), "pixels": self.pixels}
