"""What an encoder is worth where labels are few."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from mmssl.evaluation.probes.linear import ITERATIONS, SPARSE_TOLERANCE, standardized, statistics
from mmssl.evaluation.probes.splits import few_labels

DRAWS = 5
STRENGTH = 1.0  # C; fixed, for there are no labels left to choose it on


def few_shot(train, labels, test, truth, shots, seed=0, draws=DRAWS, standardize=True):
    """Fits a linear layer to a few labeled items of each class, several times.

    The items are drawn anew each time, the same ones for all features of the same labels, so that
    encoders are compared on equal terms. Features are standardized by all training items, whose
    labels that does not take; the layer is logistic regression with C = 1.

    Args:
        train: array or sparse matrix (N, D) of training features.
        labels: array (N,) of their classes.
        test: array or sparse matrix (M, D).
        truth: array (M,) of their classes.
        shots: labeled items of each class, 1 or more; all where a class has fewer.
        seed: of the draws.
        draws: 1 or more.
        standardize: see `fit_linear`.

    Returns:
        list of float, the test accuracy of each draw.

    Raises:
        ValueError: shots or draws below 1.

    Reference:
        The low-shot linear protocol of Goyal et al. 2019, arXiv 1905.01235, with logistic
        regression in place of support vectors.
    """
    for name, value in {"shots": shots, "draws": draws}.items():
        if value < 1:
            raise ValueError(f"few_shot({name}={value}) must be 1 or more.")
    mean, scale = statistics(train, standardize)
    train, test = standardized(train, mean, scale), standardized(test, mean, scale)
    labels = np.asarray(labels)
    accuracies = []
    for draw in range(draws):
        chosen = few_labels(labels, (seed, draw), per_class=shots)
        model = LogisticRegression(C=STRENGTH, tol=SPARSE_TOLERANCE, max_iter=ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(train[chosen], labels[chosen])
        accuracies.append(float(np.mean(model.predict(test) == truth)))
    return accuracies


def summarize(values):
    """Sums up what several draws or seeds gave.

    Args:
        values: list of float, one or more.

    Returns:
        dict of JSON values: `mean`, `std` (of a sample; 0 for a single value) and `draws`.
    """
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "std": deviation, "draws": list(values)}
