"""Draws from categorical distributions, one uniform number each."""

import math

import numpy as np
from keras import ops


def draw(logits, uniform, temperature):
    """Draws categories by inverting their cumulative distribution.

    The sums are those of blocks first and of what is in them then, two small products of matrices:
    XLA computes a cumulative sum one by one. Noise for each category, as the Gumbel-max trick
    needs, would take as long as the network of a small generator.

    Args:
        logits: float32 (B, K).
        uniform: float32 (B,), in [0, 1).
        temperature: float32 scalar, above 0; lower values sharpen the distribution.

    Returns:
        int32 (B,), categories; never one whose probability is zero.
    """
    categories = logits.shape[-1]
    size = math.isqrt(categories - 1) + 1
    blocks = -(-categories // size)
    weights = ops.exp((logits - ops.max(logits, axis=-1, keepdims=True)) / temperature)
    weights = ops.pad(weights, ((0, 0), (0, blocks * size - categories)))
    within = ops.matmul(ops.reshape(weights, (-1, blocks, size)), _upper(size))
    before = ops.matmul(within[:, :, -1], _upper(blocks) - np.eye(blocks, dtype="float32"))
    cumulative = before[:, :, None] + within
    # Above zero and at most the sum, so that a category of probability zero is never the first
    # that reaches it.
    target = (1 - uniform) * cumulative[:, -1, -1]
    return ops.sum(ops.cast(cumulative < target[:, None, None], "int32"), axis=(1, 2))


def _upper(size):
    return np.triu(np.ones((size, size), "float32"))
