"""The parts of VQ-GAN's encoder and decoder: swish and convolutions behind group norms."""

import keras

from mmssl.layers import SelfAttention

EPSILON = 1e-6


def convolution(x, width, kernel_size=3, strides=1):
    """Applies a convolution that keeps the size, or halves it with strides of 2."""
    layer = keras.layers.Conv2D(
        width, kernel_size, strides, padding="same", kernel_initializer="he_uniform"
    )
    return layer(x)


def normed_swish(x, groups):
    """Applies group norm and swish."""
    return keras.layers.Activation("silu")(_norm(groups)(x))


def residual_unit(x, width, groups):
    """Applies norm, swish and a 3x3 convolution twice, and adds what came in.

    Args:
        x: KerasTensor (B, H, W, C).
        width: channels that come out; where that is not C, a 1x1 convolution leads there.
        groups: of the norms; divides C and the width.

    Returns:
        KerasTensor (B, H, W, width).
    """
    inner = convolution(normed_swish(x, groups), width)
    inner = convolution(normed_swish(inner, groups), width)
    x = x if x.shape[-1] == width else convolution(x, width, 1)
    return keras.layers.Add()([x, inner])


def attended(x, groups):
    """Adds what each place of a map takes from all others: self-attention with one head.

    Args:
        x: KerasTensor (B, H, W, C), H and W known.
        groups: of the norm before it.

    Returns:
        KerasTensor (B, H, W, C).
    """
    _, height, width, channels = x.shape
    places = keras.layers.Reshape((height * width, channels))(_norm(groups)(x))
    seen = keras.layers.Reshape((height, width, channels))(SelfAttention(1)(places))
    return keras.layers.Add()([x, seen])


def middle(x, groups):
    """Applies a residual unit, attention, and another residual unit, at the lowest level."""
    width = x.shape[-1]
    return residual_unit(attended(residual_unit(x, width, groups), groups), width, groups)


def _norm(groups):
    return keras.layers.GroupNormalization(groups, epsilon=EPSILON)


def check_widths(name, width, multipliers, groups):
    """Refuses widths that group norms cannot part.

    Args:
        name: of the function whose arguments they are.
        width: channels of the first level.
        multipliers: of the width, one a level.
        groups: of the norms.

    Raises:
        ValueError: there is no level, or the groups do not divide each of the widths.
    """
    widths = [width * multiplier for multiplier in multipliers]
    if not widths or groups < 1 or any(w < 1 or w % groups for w in widths):
        raise ValueError(
            f"{name} needs one level or more, and groups that divide the width of each; got "
            f"widths {widths} and groups={groups}."
        )
