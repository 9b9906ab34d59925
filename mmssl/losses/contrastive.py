"""The contrastive loss of pairs (Hadsell, Chopra, LeCun 2006, CVPR)."""

from keras import ops

from mmssl.losses.parts.inputs import float_rows, one_per_row, positive_number
from mmssl.losses.parts.similarity import dot, safe_sqrt


def contrastive_loss(first, second, same, margin=1.0):
    """Pulls positive pairs together and pushes negative pairs apart up to a margin.

        same * D^2 / 2 + (1 - same) * max(0, margin - D)^2 / 2,    D = |first - second|

    The paper writes Y = 1 - same. The vectors are not normalized.

    Args:
        first: (B, D), one of each pair.
        second: (B, D), the other.
        same: (B,), 1 for positive pairs, 0 for negative ones.
        margin: distance beyond which negative pairs contribute no loss; above 0.

    Returns:
        Scalar float32, the mean over this replica's pairs.

    Raises:
        ValueError: the shapes are incompatible, or the margin is not above 0.
    """
    first, second = float_rows(first=first, second=second)
    positive_number(margin=margin)
    same = ops.cast(one_per_row(first, same=same), "float32")
    squares = dot(first - second, first - second)
    gap = ops.relu(margin - safe_sqrt(squares))
    return ops.mean(same * squares + (1 - same) * ops.square(gap)) / 2
