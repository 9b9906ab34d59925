"""How far choices are from uniform ones, in nats."""

import math

from keras import ops


def uniform_divergence(logits):
    """Computes the divergence of the softmax of logits from the uniform distribution.

        KL(q || u) = log K + sum_k q_k log q_k

    Args:
        logits: float (..., K).

    Returns:
        float32 (...), from 0, where all are alike, to log K, where one has all.
    """
    logarithms = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return math.log(logits.shape[-1]) + ops.sum(ops.exp(logarithms) * logarithms, axis=-1)
