"""The negative cosine similarity of BYOL (arXiv 2006.07733) and SimSiam (arXiv 2011.10566)."""

from keras import ops

from mmssl.losses.parts.inputs import float_rows
from mmssl.losses.parts.similarity import dot, l2_normalize


def negative_cosine(predictions, targets):
    """Averages `-cos(prediction, target)`: -1 if parallel, 0 if orthogonal, 1 if opposite.

    SimSiam averages it over both directions; BYOL's squared distance of unit vectors is
    `2 + 2 * negative_cosine`, summed over both directions. Gradients flow into both arguments: stop
    those of the targets, as both methods do.

    Args:
        predictions: (B, D).
        targets: (B, D).

    Returns:
        Scalar float32 in [-1, 1], the mean over this replica's rows.

    Raises:
        ValueError: the shapes are incompatible.
    """
    predictions, targets = float_rows(predictions=predictions, targets=targets)
    return -ops.mean(dot(l2_normalize(predictions), l2_normalize(targets)))
