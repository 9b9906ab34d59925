"""Regression of a vector at every token, as in data2vec."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices


def token_regression(
    predictions, targets, beta=0.0, channel_reduction: Literal["mean", "sum", "root"] = "root"
):
    """Computes the regression error of each token's prediction.

        beta = 0:  d^2;   else  d^2 / (2 beta) where |d| <= beta, |d| - beta / 2 beyond (smooth L1)

    Args:
        predictions: (..., C).
        targets: (..., C).
        beta: threshold at which smooth L1 changes from quadratic to linear, above 0; 0 for the
            squared error.
        channel_reduction: how the C errors are reduced: their `mean`; their `sum`; `root`, their
            sum divided by sqrt(C).

    Returns:
        float32 (...).

    Raises:
        ValueError: `channel_reduction` is unknown.

    Reference:
        Baevski et al. 2022, arXiv 2202.03555: squared error and `root` for audio, beta 2 and `mean`
        for vision, beta 4 and `sum` for text.
    """
    check_choices(token_regression, channel_reduction=channel_reduction)
    predictions, targets = ops.cast(predictions, "float32"), ops.cast(targets, "float32")
    if beta:
        mean = keras.losses.huber(targets, predictions, delta=beta) / beta
    else:
        mean = keras.losses.mean_squared_error(targets, predictions)
    width = targets.shape[-1]
    return mean * {"mean": 1.0, "sum": float(width), "root": width**0.5}[channel_reduction]
