"""Few-shot probe: a linear layer trained on a few labels per class."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from mmssl.evaluation.probes.linear import (
    ITERATIONS,
    SPARSE_TOLERANCE,
    standardized,
    statistics,
    tolerance,
)
from mmssl.evaluation.probes.splits import few_labels

DRAWS = 5
C = 1.0  # fixed, since no labels are left to choose it on


def few_shot(train, train_labels, test, test_labels, shots, seed=0, draws=DRAWS, standardize=True):
    """Fits a linear layer to a few labeled items of each class, several times.

    Each time other items are drawn, the same ones for all features with the same labels, so that
    encoders are compared on equal terms. Features are standardized with the statistics of all
    training items, which needs no labels; the layer is logistic regression with C = 1.

    Args:
        train: array or sparse matrix (N, D) of training features.
        train_labels: array (N,) of their classes.
        test: array or sparse matrix (M, D).
        test_labels: array (M,) of their classes.
        shots: labeled items per class, 1 or more; all items of a class that has fewer.
        seed: of the random draws.
        draws: number of random draws, 1 or more.
        standardize: see `fit_linear`.

    Returns:
        list of float, the test accuracy of each draw.

    Raises:
        ValueError: `shots` or `draws` is below 1.

    Reference:
        The low-shot linear protocol of Goyal et al. 2019, arXiv 1905.01235, with logistic
        regression instead of linear SVMs.
    """
    for name, value in {"shots": shots, "draws": draws}.items():
        if value < 1:
            raise ValueError(f"few_shot({name}={value}) must be 1 or more.")
    mean, scale = statistics(train, standardize)
    train, test = standardized(train, mean, scale), standardized(test, mean, scale)
    train_labels = np.asarray(train_labels)
    accuracies = []
    for draw in range(draws):
        chosen = few_labels(train_labels, (seed, draw), per_class=shots)
        tol = tolerance(train_labels[chosen], SPARSE_TOLERANCE)
        model = LogisticRegression(C=C, tol=tol, max_iter=ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(train[chosen], train_labels[chosen])
        accuracies.append(float(np.mean(model.predict(test) == test_labels)))
    return accuracies


def summarize(values):
    """Summarizes the results of several draws or seeds.

    Args:
        values: list of one or more floats.

    Returns:
        dict of JSON values: `mean`, `std` (of the sample; 0 for a single value) and `draws`, the
        values.
    """
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "std": deviation, "draws": list(values)}
