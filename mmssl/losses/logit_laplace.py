"""The logit-Laplace likelihood of values in [0, 1] (Ramesh et al. 2021, arXiv 2102.12092)."""

import math

from keras import ops

from mmssl.layers.likelihood import with_margin

LEAST_LOG_SCALE = -5.0  # about half a gray level, below which a scale says nothing of bytes


def logit_laplace_nats(target, parameters):
    """Computes -log p of each value under a Laplace distribution of its logit.

        -log p = log(2 b y (1 - y)) + |logit(y) - m| / b,    y = 0.8 x + 0.1

    Unlike Gaussian noise, the distribution has the bounded range of pixels. The margin of y to 0
    and 1 keeps its logit finite.

    Args:
        target: float (..., C), x, in [0, 1].
        parameters: float (..., 2 C), m, and behind it r: b = exp(-5 + softplus(r + 5)), which is
            exp(r) but for scales of half a gray level, below which it does not fall.

    Returns:
        float32 (..., C), nats of the density of y.
    """
    y = with_margin(ops.cast(target, "float32"))
    location, free = ops.split(ops.cast(parameters, "float32"), 2, axis=-1)
    log_scale = LEAST_LOG_SCALE + ops.softplus(free - LEAST_LOG_SCALE)
    logit = ops.log(y) - ops.log1p(-y)
    apart = ops.abs(logit - location) * ops.exp(-log_scale)
    return math.log(2.0) + log_scale + ops.log(y) + ops.log1p(-y) + apart
