"""How far the mean activations of a code are from being rarely active."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import positive_number

LEAST = 1e-6  # mean activation, and its distance from 1


def sparsity_divergence(activations, target=0.05):
    """Sums the divergences KL(target || mean activation) of Bernoulli variables over the units.

    The mean is that over the rows of all replicas, with gradients.

    Args:
        activations: float (B, D) in (0, 1), this replica's rows.
        target: the mean activation aimed at, in (0, 1).

    Returns:
        Scalar float32, in nats.

    Raises:
        ValueError: the target is not in (0, 1).

    Reference:
        Ng 2011, CS294A lecture notes; Lee, Ekanadham, Ng 2008.
    """
    positive_number(target=target)
    if not target < 1:
        raise ValueError(f"target must be below 1; got {target}.")
    means = distribution.mean(ops.mean(ops.cast(activations, "float32"), axis=0))
    on, off = (ops.clip(share, LEAST, 1 - LEAST) for share in (means, 1 - means))
    return ops.sum(target * ops.log(target / on) + (1 - target) * ops.log((1 - target) / off))
