"""Signs of collapse in the metrics of embeddings and of projections."""

# Suggested in the literature on these metrics, not hard limits: see `collapse_signs`.
LOW_STD_RATIO, LOW_RANK_RATIO, HIGH_COSINE = 0.5, 0.05, 0.95
# Collapsed whatever the values before training.
DEAD_STD_RATIO, DEAD_RANK, DEAD_COSINE = 0.01, 1.5, 0.9999
# What was this many times worse at an earlier look gets better; at the last look, fast.
RECOVERED = 2
# What of the projections may not fall below this part of its highest value so far.
LOSABLE = {"std": ("standard deviation", 0.4)}
# Only while their variance gathers along one direction: Barlow Twins loses rank as it spreads it,
# and sound methods on photographs come down to half.
GATHERED = {"rankme": ("effective rank", 0.25)}
# Of the variance of projections along one direction; an untrained network has 0.56.
HIGH_TOP_VARIANCE_RATIO = 0.6


def collapse_signs(metrics, shape, start=None, before=None):
    """Describes the signs of collapse in the metrics of embeddings.

    An untrained network often maps everything into a narrow cone: its mean cosine is above 0.95
    though nothing has collapsed. And sound methods contract everything for some dozens of steps:
    data2vec on text down to a spread of 0.03. So a metric counts only if it is clearly worse than
    before training and not getting better, or beyond recovery; the first check reports only that.
    Nothing is reported while the spread more than doubles from check to check.

    Args:
        metrics: dict returned by `diagnose`.
        shape: (N, D) of the embeddings.
        start: dict returned by `diagnose` before training, or None.
        before: list of such dicts, from the checks before, or None not to excuse anything.

    Returns:
        dict from each sign (spread, rank, cosine) to its description; empty for healthy embeddings.
    """
    count, width = shape
    low_std, low_rank, high_cosine = LOW_STD_RATIO, LOW_RANK_RATIO * min(count, width), HIGH_COSINE
    if start is not None:
        low_std = min(low_std, 0.5 * start["embedding_std_ratio"])
        # Of its rank data2vec on sound keeps a fifth, while it learns its first strong directions.
        low_rank = min(low_rank, 0.1 * start["rankme"])
        # Half the spread is a quarter of the difference between the cosine and 1.
        high_cosine = max(high_cosine, 0.75 + 0.25 * start["mean_cosine"])
    if before and _spreads(metrics, before[-1]):
        return {}
    if before is not None:
        low_std *= not _recovers(metrics, before, lambda look: look["embedding_std_ratio"])
        low_rank *= not _recovers(metrics, before, lambda look: look["rankme"])
        if _recovers(metrics, before, lambda look: 1 - look["mean_cosine"]):
            high_cosine = 1.0
    low_std, low_rank = max(low_std, DEAD_STD_RATIO), max(low_rank, DEAD_RANK)
    high_cosine = min(high_cosine, DEAD_COSINE)
    signs = {}
    if metrics["embedding_std_ratio"] < low_std:
        signs["spread"] = (
            f"their spread is {metrics['embedding_std_ratio']:.3f} of a uniform one, below "
            f"{low_std:.3f}: they are nearly equal"
        )
    if metrics["rankme"] < low_rank:
        signs["rank"] = (
            f"their effective rank is {metrics['rankme']:.1f} of {min(count, width)}, below "
            f"{low_rank:.1f}: they span few directions"
        )
    if metrics["mean_cosine"] > high_cosine:
        signs["cosine"] = (
            f"their mean cosine is {metrics['mean_cosine']:.4f}, above {high_cosine:.4f}: they all "
            "have nearly the same direction"
        )
    return signs


def _spreads(metrics, last):
    """Whether a spread has doubled since the last look.

    In a deep network with batch norm it is nothing at first, and grows at every look until the
    moving statistics have followed.
    """
    return metrics["embedding_std_ratio"] > RECOVERED * last["embedding_std_ratio"]


def _recovers(metrics, before, of):
    return not before or of(metrics) > RECOVERED * min(map(of, before))


def projection_signs(metrics, before):
    """Describes the signs of collapse in the metrics of projections, which a loss compares.

    Healthy methods, too, contract everything for a few dozen steps before they spread it, so only
    what is poor and not improving counts, and the first check reports only what is beyond recovery.
    A healthy rank depends on method and width, and a healthy standard deviation on the loss: they
    count when most of them has been lost, the rank only if dimensions have come to repeat each
    other: then the variance along one direction has risen since the first check.

    Measured on Fashion-MNIST with the small recipes, after 78 steps: a spread of at least 0.57 and
    a top variance ratio of at most 0.46 for healthy methods; 0.30 and 0.65 for BYOL without
    predictor, 0.90 and 0.78 for SimSiam without stop-gradient; VICReg without variance has lost
    0.85 of its standard deviation, VICReg 0.2. MoCo passes through 0.39 and 0.76 at step 50; DINO
    has a ratio of 0.76 at step 50 and a spread of 0.47 at 75, so the two are separate signs.

    Args:
        metrics: dict returned by `diagnose`, with `std` if the loss depends on norms.
        before: list of such dicts, from the checks before.

    Returns:
        dict from each sign to its description; empty for healthy projections.
    """
    if before and _spreads(metrics, before[-1]):
        return {}
    signs, spread, ratio = {}, metrics["embedding_std_ratio"], metrics["top_variance_ratio"]
    last = before[-1] if before else {"embedding_std_ratio": 0.0, "top_variance_ratio": 1.0}
    rises = spread > last["embedding_std_ratio"]
    if spread < (DEAD_STD_RATIO if rises else LOW_STD_RATIO):
        signs["projected spread"] = (
            f"the spread of their projections is {spread:.3f} of a uniform one, below "
            f"{LOW_STD_RATIO}, and not rising: they are nearly equal"
        )
    if ratio > HIGH_TOP_VARIANCE_RATIO and ratio >= last["top_variance_ratio"]:
        signs["projected line"] = (
            f"{ratio:.2f} of the variance of their projections lies along one direction, more "
            f"than {HIGH_TOP_VARIANCE_RATIO}, and is not falling: they are nearly on a line"
        )
    first = before[0] if before else metrics
    gathers = ratio > first["top_variance_ratio"]
    for name, (words, least) in (LOSABLE | (GATHERED if gathers else {})).items():
        if name in metrics:
            highest = max(check[name] for check in (*before, metrics))
            if metrics[name] < least * highest:
                signs[f"projected {words}"] = (
                    f"the {words} of their projections has fallen from {highest:.3g} to "
                    f"{metrics[name]:.3g}"
                )
    return signs
