"""Linear probe: logistic regression on frozen features."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from mmssl.evaluation.probes.splits import stratified

GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2)
CHOICE_ITEMS, CHOICE_PER_CLASS = 6000, 60  # hyperparameters are chosen on the larger of the two
TOLERANCE, SPARSE_TOLERANCE, ITERATIONS = 1e-2, 1e-3, 300  # the first two over the classes
_SMALL = 2e9  # multiplications per pass over the data


@dataclass(eq=False)
class LinearProbe:
    """A linear classifier of features.

    Attributes:
        mean, scale: float32 (D,), the mean to subtract from the features and the scale to divide
            by; zero and one for sparse features.
        weights: float32 (K, D); bias: float32 (K,). For two classes there is a single row, which
            scores the second one.
        classes: array (K,).
        c: the chosen inverse L2 regularization strength.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    classes: np.ndarray
    c: float

    def predict(self, features):
        """Returns the classes (M,) of features, an array or sparse matrix (M, D)."""
        scores = standardized(features, self.mean, self.scale) @ self.weights.T + self.bias
        if scores.shape[1] == 1:
            return self.classes[(scores[:, 0] > 0).astype(int)]
        return self.classes[scores.argmax(axis=1)]


def fit_linear(features, labels, validation=None, seed=0, grid=GRID, standardize=True):
    """Fits multinomial logistic regression, with L2 strength chosen on validation items.

    Features are standardized with the training mean and standard deviation; sparse ones are used
    as they are. After the choice, the model is refitted to all training items.

    Args:
        features: array or sparse matrix (N, D) of training features.
        labels: array (N,) of their classes, at least two.
        validation: pair of features and labels; None holds out a fifth of the training items.
        seed: of that random split.
        grid: inverse L2 regularization strengths to choose from, ascending.
        standardize: whether to divide each dimension by its own standard deviation; False divides
            all by one number, for features with meaningful scales, such as principal components.

    Returns:
        LinearProbe.

    Raises:
        ValueError: there is only one class, or no class has two items.
    """
    labels = np.asarray(labels)
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"A linear probe needs two classes or more; all {len(labels)} training items are "
            f"{str(labels[0])!r}."
        )
    mean, scale = statistics(features, standardize)
    x = standardized(features, mean, scale)
    if validation is None:
        fitted, held = stratified(labels, 0.2, seed, choice_items(labels))
        held_x, held_labels = x[held], labels[held]
    else:
        fitted, _ = stratified(labels, 0.0, seed, choice_items(labels))
        held_x, held_labels = standardized(validation[0], mean, scale), validation[1]
    if len(held_labels) == 0:
        raise ValueError(
            f"Too few items for a linear probe: no class has two of the {len(labels)} training "
            "items."
        )
    with _threads(x.size * len(np.unique(labels))):
        model = _choose(x[fitted], labels[fitted], held_x, held_labels, grid)
        model = _fit(model, x, labels)
    return LinearProbe(mean, scale, model.coef_, model.intercept_, model.classes_, model.C)


def choice_items(labels):
    """Returns how many training items hyperparameters are chosen on: 60 a class, at least 6,000."""
    return max(CHOICE_ITEMS, CHOICE_PER_CLASS * len(np.unique(labels)))


def tolerance(labels, whole=TOLERANCE):
    """Returns the gradient at which a fit ends: a class has its share, 1 / K, of the whole one."""
    return whole / max(10, len(np.unique(labels)))


def _choose(x, labels, held_x, held_labels, grid):
    """Searches the grid from the strongest L2 on, each fit starting from the previous weights.

    The whole grid: the strongest ones can all give the same few right answers, and among many
    classes the best is far from there.
    """
    # In units of the features: about 1, or far less.
    tol = tolerance(labels, SPARSE_TOLERANCE if sparse.issparse(x) else TOLERANCE)
    model = LogisticRegression(tol=tol, max_iter=ITERATIONS, warm_start=True)
    best, best_accuracy = None, -1.0
    for c in grid:
        _fit(model.set_params(C=c), x, labels)
        accuracy = float(np.mean(model.predict(held_x) == held_labels))
        if accuracy > best_accuracy:
            best, best_accuracy = (c, model.coef_, model.intercept_), accuracy
    model.set_params(C=best[0])
    model.coef_, model.intercept_ = best[1:]
    return model


def _fit(model, x, labels):
    with warnings.catch_warnings():
        # A model that has not converged is still valid; its accuracy decides.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, labels)


def _threads(products):
    """Uses one thread for small problems, where synchronization costs more than threads save."""
    return threadpool_limits(1 if products < _SMALL else None)


def statistics(features, standardize=True):
    """Computes the statistics for `standardized`.

    Args:
        features: array or sparse matrix (N, D).
        standardize: see `fit_linear`.

    Returns:
        pair of float32 arrays (D,), the mean and the scale; zero and one for sparse features.
    """
    width = features.shape[1]
    if sparse.issparse(features):
        return np.zeros(width, np.float32), np.ones(width, np.float32)
    mean = features.mean(axis=0, dtype=np.float64)
    scale = features.std(axis=0, dtype=np.float64)
    if not standardize:
        scale = np.full(width, np.sqrt(np.mean(scale**2)))
    # Dividing a constant dimension by its rounding error would amplify noise.
    flat = scale <= 1e-6 * np.maximum(np.abs(mean), 1e-12)
    return mean.astype(np.float32), np.where(flat, 1, scale).astype(np.float32)


def standardized(features, mean, scale):
    """Returns dense features minus the mean, divided by the scale; sparse ones unchanged."""
    if sparse.issparse(features):
        return features
    return (np.asarray(features, np.float32) - mean) / scale
