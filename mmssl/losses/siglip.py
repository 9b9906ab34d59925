"""The contrast of pairs by a sigmoid each (Zhai et al. 2023, arXiv 2303.15343)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import float_rows
from mmssl.losses.parts.similarity import l2_normalize, pairwise_dots


def siglip_loss(first, second, scale, bias, first_groups=None, second_groups=None):
    """Tells for each first half and each second half of the batch whether they are a pair.

        -mean_i sum_j log sigmoid(z_ij (s cos(first_i, second_j) + b)),  z_ij = 1 if i = j else -1

    The second halves of one replica at a time come to all, so that none holds those of all, nor
    more than (B, B) logits of a step of the sum.

    Args:
        first: (B, D), the first half of each pair.
        second: (B, D), the second half.
        scale: s, factor of the cosines, above 0; a number or a scalar tensor.
        bias: b, a number or a scalar tensor; below 0 it makes up for the many that are no pairs.
        first_groups: int32 (B,), numbers of the first halves: equal ones are the same half, and two
            pairs that have one are not told from each other; None tells all pairs apart.
        second_groups: the same of the second halves.

    Returns:
        Scalar float32 in nats, the mean over this replica's pairs.

    Raises:
        ValueError: the shapes are incompatible.
    """
    first, second = map(l2_normalize, float_rows(first=first, second=second))
    groups = [group for group in (first_groups, second_groups) if group is not None]
    rows = ops.shape(first)[0]
    own, total = ops.arange(rows) + distribution.first_row(rows), 0.0
    for number, (others, *theirs) in enumerate(distribution.in_turn([second, *groups])):
        logits = scale * pairwise_dots(first, others) + bias
        pairs = own[:, None] == (ops.arange(rows) + number * rows)[None, :]
        losses = ops.softplus(ops.where(pairs, -logits, logits))
        shared = [a[:, None] == b[None, :] for a, b in zip(groups, theirs, strict=True)]
        if shared:
            left_out = ops.any(ops.stack(shared), axis=0) & ~pairs
            losses = ops.where(left_out, 0.0, losses)
        total = total + ops.sum(losses, axis=-1)
    return ops.mean(total)
