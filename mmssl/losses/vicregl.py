"""Matches between the places of two views, and VICReg on them (Bardes, Ponce, LeCun 2022,
arXiv 2210.01571)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.similarity import TINY
from mmssl.losses.vicreg import EPSILON, TARGET


def nearest_matches(distances, count=None):
    """Matches each place with the nearest of another view, and keeps the closest matches.

    Args:
        distances: float32 (B, P, Q), of P places to Q others; no gradient flows through them.
        count: matches to keep for each example, at most P; None for all P.

    Returns:
        Pair of int32 (B, count): the places, ascending, and the ones that they are matched with.

    Raises:
        ValueError: there are fewer places.
    """
    distances = ops.stop_gradient(distances)
    places = distances.shape[1]
    count = places if count is None else count
    if not 1 <= count <= places:
        raise ValueError(f"{count} matches of {places} places cannot be kept.")
    nearest = ops.cast(ops.argmin(distances, axis=-1), "int32")
    if count == places:
        return ops.broadcast_to(ops.arange(places, dtype="int32"), ops.shape(nearest)), nearest
    _, kept = ops.top_k(-ops.min(distances, axis=-1), count)
    kept = ops.sort(ops.cast(kept, "int32"), axis=-1)
    return kept, ops.take_along_axis(nearest, kept, axis=1)


def place_distances(first, second):
    """Computes the squared distances of all pairs of places in two views of each example.

    Args:
        first: (B, P, D).
        second: (B, Q, D).

    Returns:
        float32 (B, P, Q).
    """
    first, second = (ops.cast(x, "float32") for x in (first, second))
    # Distances do not depend on the origin, but their rounding errors do.
    center = ops.mean(second, axis=1, keepdims=True)
    first, second = first - center, second - center
    lengths = ops.sum(first**2, -1)[:, :, None] + ops.sum(second**2, -1)[:, None]
    return ops.maximum(lengths - 2 * ops.einsum("bpd,bqd->bpq", first, second), 0.0)


def center_distances(first, second):
    """Computes the squared distances of points in a plane, exactly 0 for equal ones.

    Args:
        first: float32 (B, P, 2).
        second: float32 (B, Q, 2).

    Returns:
        float32 (B, P, Q).
    """
    return ops.sum(ops.square(first[:, :, None] - second[:, None]), axis=-1)


def slot_statistics(rows):
    """Computes VICReg's variance and covariance terms of each slot over the global batch.

    Args:
        rows: (B, M, D), M vectors of each example; at least two examples over all replicas.

    Returns:
        Pair of float32 (M,), the same on every replica: the hinge on each deviation, averaged over
        dimensions, and the sum of squared covariances of different dimensions over D.
    """
    rows = distribution.gather(ops.cast(rows, "float32"))
    count, _, width = ops.shape(rows)
    degrees = ops.maximum(ops.cast(count, "float32") - 1, 1.0)
    centered = ops.moveaxis(rows - ops.mean(rows, axis=0), 1, 0)
    products = ops.matmul(ops.swapaxes(centered, 1, 2), centered) / degrees
    variances = ops.sum(ops.square(centered), axis=1) / degrees
    off_diagonal = ops.square(products) * (1 - ops.eye(width))
    hinges = ops.relu(TARGET - ops.sqrt(variances + EPSILON))
    return ops.mean(hinges, axis=-1), ops.sum(off_diagonal, axis=(1, 2)) / width


def matched_vicreg_terms(first, second, weights):
    """Computes VICReg's terms of matched places, slot by slot, and adds them up by weight.

    Args:
        first: (B, M, D), M places of each example.
        second: (B, M, D), what they are matched with.
        weights: float32 (M,), of the slots.

    Returns:
        dict of float32 scalars: `invariance`, the mean squared difference over examples and
        dimensions, on this replica; `variance` and `covariance`, see `slot_statistics`, averaged
        over both sides.
    """
    first, second = (ops.cast(x, "float32") for x in (first, second))
    squares = ops.mean(ops.square(first - second), axis=(0, 2))
    variances, covariances = slot_statistics(ops.concatenate([first, second], axis=1))
    both = ops.concatenate([weights, weights]) / 2
    return {
        "invariance": ops.sum(weights * squares),
        "variance": ops.sum(both * variances),
        "covariance": ops.sum(both * covariances),
    }


def mean_cosine(first, second, weights):
    """Averages the cosines of matched places (B, M, D), by the weights (M,) of their slots."""
    first, second = (ops.cast(x, "float32") for x in (first, second))
    lengths = ops.sum(first**2, -1) * ops.sum(second**2, -1)
    cosines = ops.sum(first * second, axis=-1) * ops.rsqrt(ops.maximum(lengths, TINY))
    return ops.sum(weights * ops.mean(cosines, axis=0)) / ops.sum(weights)
