"""PCA with whitening of features that are to be clustered."""

import numpy as np

LEAST = 1e-6  # variances below this share of the largest count as that


def fit_whitening(features, components):
    """Finds the map that gives the main components of features variance one.

    Args:
        features: float32 array (N, D).
        components: C, at most D.

    Returns:
        Pair of float32: the mean (D,) and the kernel (D, C) that maps what lies beside it.
    """
    features = np.asarray(features, "float64")
    mean = features.mean(axis=0)
    covariance = np.cov(features, rowvar=False, bias=True)
    variances, axes = np.linalg.eigh(covariance)
    variances, axes = variances[::-1][:components], axes[:, ::-1][:, :components]
    least = max(LEAST * variances.max(), np.finfo("float32").tiny)  # of features that are equal
    kernel = axes / np.sqrt(np.maximum(variances, least))
    return mean.astype("float32"), kernel.astype("float32")
