"""The weighted squared error of log counts (Pennington, Socher, Manning 2014, GloVe)."""

from keras import ops


def glove_weights(counts, x_max=100.0, alpha=0.75):
    """Weighs pairs of words by how often they occur: (x / x_max)^alpha, at most 1.

    Args:
        counts: (B,), above 0.
        x_max: count from which on all weigh the same, above 0.
        alpha: exponent.

    Returns:
        float32 (B,).
    """
    return ops.power(ops.minimum(ops.cast(counts, "float32") / x_max, 1.0), alpha)


def glove_loss(scores, counts, x_max=100.0, alpha=0.75):
    """Averages half the weighted squared error of scores against the logarithms of counts.

        loss = mean( 1/2 f(x) (s - log x)^2 ),    f as `glove_weights`

    Args:
        scores: (B,), s.
        counts: (B,), x, above 0.
        x_max: see `glove_weights`.
        alpha: see `glove_weights`.

    Returns:
        float32 scalar.
    """
    error = ops.cast(scores, "float32") - ops.log(ops.cast(counts, "float32"))
    return 0.5 * ops.mean(glove_weights(counts, x_max, alpha) * ops.square(error))
