"""Whitening of the features that a probe compares, each by its own training items."""

from scipy import sparse
from sklearn.decomposition import TruncatedSVD

from mmssl.evaluation.probes.features import Features
from mmssl.evaluation.whitening.fit import fit_whitening
from mmssl.evaluation.whitening.moments import Moments

BATCH = 1024


def whiten_features(features, components, whitening=None, seed=0):
    """Whitens features.

    Args:
        features: Features, the training items first; sparse ones, such as counts of words, are
            projected onto twice as many singular directions as there are components before.
        components: largest number of dimensions to keep.
        whitening: Whitening of the run; None computes one from the training items, without labels.
        seed: of the singular value decomposition.

    Returns:
        Features; None where they cannot be whitened, since the training items do not differ.
    """
    parts = features.parts
    if sparse.issparse(parts[0]):
        most = min(2 * components, min(parts[0].shape) - 1)
        decomposition = TruncatedSVD(most, random_state=seed).fit(parts[0])
        parts = [decomposition.transform(part) for part in parts]
    whitening = whitening or _fitted(parts[0], components)
    if whitening is None:
        return None
    whitened = [whitening(part) for part in parts]
    # Standardized, the directions that were shrunk would count like the others again.
    return Features(whitened, f"{features.name}, whitened", standardize=False)


def _fitted(rows, components):
    moments = Moments()
    for start in range(0, len(rows), BATCH):
        moments.add(rows[start : start + BATCH])
    return fit_whitening(moments, components)
