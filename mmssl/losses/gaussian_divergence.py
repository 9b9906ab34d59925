"""The divergence of a Gaussian code from the standard normal distribution."""

from keras import ops


def gaussian_divergence(mean, log_variance):
    """Computes KL(N(mean, variance) || N(0, 1)) of each component.

        -1/2 (1 + log variance - mean^2 - variance)

    Args:
        mean: float (...).
        log_variance: float (...).

    Returns:
        float32 (...), in nats.

    Reference:
        Kingma, Welling 2013, arXiv 1312.6114, appendix B.
    """
    mean, log_variance = (ops.cast(x, "float32") for x in (mean, log_variance))
    return 0.5 * (ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance)
