"""Whether a run is to be whitened, decided without labels."""

import numpy as np

from mmssl.evaluation.whitening.fit import spectrum

# Share of the squared length from which on one direction hides the others: cepstra, which lose
# nothing and gain nothing, have 0.16, encoders that gain have 0.5 and more.
HIDING = 0.3
# Times that rounding is raised at most: runtimes agree to a millionth, exports must to 1e-4.
RAISED = 100


def choose(moments, whitening):
    """Decides whether to whiten, by how much of the vectors the mean and one direction make up.

    Cosines between vectors are then those of what nearly all items share, and neighbors differ by
    little that tells items apart.

    Args:
        moments: Moments of the vectors.
        whitening: Whitening of them, or None.

    Returns:
        pair of bool and str, the reason with its figures.
    """
    if whitening is None:
        return False, "there are not two training items whose vectors differ"
    width = len(moments.mean)
    if moments.count <= width:
        return False, f"{moments.count} training items are too few to know {width} dimensions by"
    raised = raised_rounding(whitening)
    if raised > RAISED:
        return False, (
            "vectors vary so little around their mean that whitening would raise rounding "
            f"{raised:.0f} times"
        )
    share = hidden_share(moments)
    which = "over" if share > HIDING else "not over"
    reason = f"mean and first direction hold {share:.2f} of the squared length, {which} {HIDING}"
    return share > HIDING, reason


def hidden_share(moments):
    """Returns the share of the squared length in the mean and the first principal direction.

    Args:
        moments: Moments of vectors that vary.

    Returns:
        float in (0, 1].
    """
    variances, _ = spectrum(moments)
    mean = moments.mean @ moments.mean
    return float((mean + variances[0]) / (mean + variances.sum()))


def raised_rounding(whitening):
    """Returns by how much a whitening raises rounding, in proportion to what it leaves of vectors.

    Args:
        whitening: Whitening.

    Returns:
        float, the root mean square of the mean over the smallest deviation that is divided by.
    """
    scales = np.linalg.norm(whitening.kernel, axis=0)
    return float(np.sqrt(np.mean(np.square(whitening.mean))) * scales.max())
