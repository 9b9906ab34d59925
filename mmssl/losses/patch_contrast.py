"""The contrast of IPT (Chen et al. 2020, arXiv 2012.00364) between patches of pictures."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.similarity import l2_normalize


def patch_contrast(features):
    """Tells patches of a picture from those of other pictures.

        -mean_{j, a, b} log( exp(s(f_a^j, f_b^j)) / sum_{k != j} exp(s(f_a^j, f_b^k)) )

    with s the cosine, j and k pictures, a and b the places of patches. The sum leaves out the
    picture itself, so the loss may be negative: it is log(B - 1) if all features are equal, and
    never below log(B - 1) - 2.

    Args:
        features: (B, T, C), T patches of each picture.

    Returns:
        Scalar float32 in nats, the mean over this replica's pictures; those of all replicas are
        gathered, with gradients. It takes memory for (B * T) x (B' * T) numbers, B' the pictures of
        all replicas.

    Raises:
        ValueError: `features` have another rank.
    """
    if len(features.shape) != 3:
        raise ValueError(f"features must be (B, T, C); got shape {tuple(features.shape)}.")
    rows, (_, places, width) = ops.shape(features)[0], features.shape
    own = ops.reshape(l2_normalize(ops.cast(features, "float32")), (-1, width))
    everyone = distribution.gather(own)
    scores = ops.matmul(own, ops.transpose(everyone))
    # Axes: picture, its patch, all pictures, their patches.
    scores = ops.reshape(scores, (rows, places, -1, places))
    pictures = ops.arange(ops.shape(scores)[2])
    same = pictures == ops.arange(rows)[:, None] + distribution.first_row(rows)
    same = same[:, None, :, None]
    positives = ops.sum(ops.where(same, scores, 0.0), axis=2)
    # Cosines need no shift before the exponential.
    others = ops.sum(ops.where(same, 0.0, ops.exp(scores)), axis=2)
    return ops.mean(ops.log(others) - positives)
