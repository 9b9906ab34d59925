"""The largest errors of an example, which a mean over all hides (Dhariwal et al. 2020)."""

from keras import ops


def largest_squared_errors(target, outputs, count):
    """Averages the largest squared errors of each example.

    Args:
        target: float (B, ...).
        outputs: float (B, ...).
        count: how many errors, 1 up to the number of values of an example.

    Returns:
        float32 (B,).

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """
    errors = ops.square(ops.cast(target, "float32") - ops.cast(outputs, "float32"))
    errors = ops.reshape(errors, (ops.shape(errors)[0], -1))
    return ops.mean(ops.top_k(errors, count, sorted=False)[0], axis=-1)
