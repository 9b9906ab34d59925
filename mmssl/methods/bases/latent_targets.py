"""What a teacher's hidden states become before a student predicts them."""

from typing import Literal

from keras import ops

from mmssl import distribution
from mmssl.layers.pooling import masked_moments

EPSILON = 1e-5  # of the norms, as in the official code
Norm = Literal["instance", "layer", "none"]


def layer_norm(x):
    """Gives every token mean 0 and variance 1 over its channels, in float32, without weights."""
    x = ops.cast(x, "float32")
    mean, variance = ops.moments(x, axes=-1, keepdims=True)
    return (x - mean) / ops.sqrt(variance + EPSILON)


def instance_norm(x, token_mask=None):
    """Gives every channel of an example mean 0 and variance 1 over its tokens, in float32.

    Args:
        x: (B, T, C).
        token_mask: int32 (B, T), 0 for padding, which does not count; None where there is none.
            The official code has no padding.

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
    """Averages hidden states, each normalized before.

        y = 1/K sum_k N(h_k), and after that LN(y) with `final_norm`

    Args:
        hidden: list of K tensors (B, T, C), without class token.
        normalize: N: `instance`, `layer`, or `none`.
        final_norm: whether the average is normalized per token, as for pictures.
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
    """Measures how much tokens differ: the standard deviation over them, averaged over channels.

    Equal vectors at all tokens, a collapsed network, give 0.

    Args:
        x: (B, T, C).
        weights: float32 (B, T), 1 for tokens that count.

    Returns:
        float32 scalar, of the tokens of all replicas together.
    """
    x, weights = ops.cast(x, "float32"), weights[..., None]
    count = distribution.mean(ops.sum(weights)) + 1e-7
    mean = distribution.mean(ops.sum(weights * x, axis=(0, 1))) / count
    square = distribution.mean(ops.sum(weights * ops.square(x - mean), axis=(0, 1))) / count
    return ops.mean(ops.sqrt(square))
