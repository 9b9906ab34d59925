"""Reconstruction errors of autoencoders, in nats or squares, summed over the values."""

from typing import Literal

from keras import ops

from mmssl.choices import check_choices


def reconstruction_error(
    target,
    outputs,
    error: Literal["cross_entropy", "squared"] = "cross_entropy",
    corrupted=None,
    emphasis=(1.0, 1.0),
):
    """Sums the errors of an example's values, those that were corrupted with a weight of their own.

        alpha sum_{j in J} l_j + beta sum_{j not in J} l_j
        l_j = -x_j log z_j - (1 - x_j) log(1 - z_j), z = sigmoid(outputs);    or (x_j - outputs_j)^2

    Args:
        target: float (B, ...), x, clean; in [0, 1] for the cross-entropy.
        outputs: float (B, ...), logits for the cross-entropy, values for the squared error.
        error: `cross_entropy`, in nats, or `squared`.
        corrupted: float32 (B, ...), 1 for values in J, 0 elsewhere; None for all in J.
        emphasis: alpha and beta, 0 or more.

    Returns:
        float32 (B,).

    Raises:
        ValueError: `error` is unknown.

    Reference:
        Vincent, Larochelle, Lajoie, Bengio, Manzagol 2010, JMLR 11.
    """
    check_choices(reconstruction_error, error=error)
    x, y = ops.cast(target, "float32"), ops.cast(outputs, "float32")
    if error == "squared":
        errors = ops.square(x - y)
    else:
        errors = ops.maximum(y, 0.0) - x * y + ops.log1p(ops.exp(-ops.abs(y)))
    alpha, beta = emphasis
    weights = alpha if corrupted is None else beta + (alpha - beta) * corrupted
    return ops.sum(ops.reshape(weights * errors, (ops.shape(x)[0], -1)), axis=-1)
