"""Regression targets computed from a teacher's hidden states."""

from typing import Literal

from keras import ops

from mmssl import distribution
from mmssl.layers.pooling import masked_moments

EPSILON = 1e-5  # of the norms, as in the official code
Norm = Literal["instance", "layer", "none"]


def layer_norm(x):
    """Normalizes every token over its channels, in float32, without affine parameters."""
    x = ops.cast(x, "float32")
    mean, variance = ops.moments(x, axes=-1, keepdims=True)
    return (x - mean) / ops.sqrt(variance + EPSILON)


def instance_norm(x, token_mask=None):
    """Normalizes every channel of an example over its tokens, in float32.

    Args:
        x: (B, T, C).
        token_mask: int32 (B, T), 0 for padding, which is excluded from the statistics; None if
            there is no padding, as in the official code.

    Returns:
        float32 (B, T, C).
    """
    x = ops.cast(x, "float32")
    if token_mask is None:
        mean, variance = ops.moments(x, axes=1, keepdims=True)
    else:
        mean, variance = masked_moments(x, token_mask)
    return (x - mean) / ops.sqrt(variance + EPSILON)


def latent_targets(hidden, normalize: Norm, final_norm=False, token_mask=None):
    """Averages normalized hidden states.

        y = 1/K sum_k N(h_k), followed by LN(y) with `final_norm`

    Args:
        hidden: list of K tensors (B, T, C), without class token.
        normalize: N: `instance`, `layer`, or `none`.
        final_norm: whether to layer-normalize the average, as for images.
        token_mask: see `instance_norm`.

    Returns:
        float32 (B, T, C).
    """
    if normalize == "instance":
        hidden = [instance_norm(x, token_mask) for x in hidden]
    elif normalize == "layer":
        hidden = [layer_norm(x) for x in hidden]
    targets = sum(ops.cast(x, "float32") for x in hidden) / len(hidden)
    return layer_norm(targets) if final_norm else targets


def token_std(x, weights):
    """Computes the standard deviation over tokens, averaged over channels.

    It is 0 for a collapsed network, whose vectors are equal at all tokens.

    Args:
        x: (B, T, C).
        weights: float32 (B, T), 1 for tokens that count.

    Returns:
        float32 scalar, over the tokens of all replicas.
    """
    x, weights = ops.cast(x, "float32"), weights[..., None]
    sums = [ops.sum(weights), ops.sum(weights * x, axis=(0, 1))]
    count, total = distribution.mean(sums)
    count += 1e-7
    mean = total / count
    square = distribution.mean(ops.sum(weights * ops.square(x - mean), axis=(0, 1))) / count
    return ops.mean(ops.sqrt(square))
