"""Classification by a weighted vote of the nearest training features."""

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import safe_sparse_dot

NEIGHBORS, TEMPERATURE = 20, 0.07


def knn_predict(bank, labels, queries, k=NEIGHBORS, temperature=TEMPERATURE, chunk=None):
    """Predicts the class with the largest vote, a neighbor weighing `exp(cosine / temperature)`.

    Args:
        bank: array or sparse matrix (N, D) of training features; normalized to unit length
            here.
        labels: array (N,) of their classes.
        queries: array or sparse matrix (M, D).
        k: neighbors that vote, 1 to N.
        temperature: above 0; small values favor the nearest neighbors.
        chunk: queries compared at once, at least 1; None for as many as fill 64 MB.

    Returns:
        array (M,) of classes; ties go to the first class in sorted order.

    Raises:
        ValueError: k or the temperature is out of range, or the numbers of features and labels
            differ.

    Reference:
        Wu, Xiong, Yu, Lin 2018, arXiv 1805.01978; settings of Caron et al. 2021, arXiv 2104.14294.
    """
    if len(labels) != bank.shape[0]:
        raise ValueError(f"{bank.shape[0]} features were given with {len(labels)} labels.")
    if temperature <= 0:
        raise ValueError(f"temperature={temperature} must be above 0.")
    classes, codes = np.unique(labels, return_inverse=True)
    indices, cosines = nearest(bank, queries, k, chunk)
    # Subtracting the largest cosine of each query prevents overflow and changes no vote.
    weights = np.exp((cosines - cosines[:, :1]) / temperature)
    votes = np.zeros((len(indices), len(classes)))
    for rank in range(k):
        votes[np.arange(len(indices)), codes[indices[:, rank]]] += weights[:, rank]
    return classes[votes.argmax(axis=1)]


def nearest(bank, queries, k, chunk=None):
    """Finds the rows of a bank with the largest cosine to each query.

    Args:
        bank: array or sparse matrix (N, D).
        queries: array or sparse matrix (M, D).
        k: neighbors, 1 to N.
        chunk: queries compared at once, at least 1; None for as many as fill 64 MB.

    Returns:
        pair of int64 (M, k) row indices and float64 (M, k) cosines, nearest first; ties go to the
        lower row index.

    Raises:
        ValueError: k is out of range.
    """
    if not 1 <= k <= bank.shape[0]:
        raise ValueError(f"k={k} must be between 1 and the {bank.shape[0]} items in the bank.")
    bank = normalize(bank)
    chunk = chunk or max(1, 2**24 // bank.shape[0])
    parts = [
        largest(safe_sparse_dot(normalize(queries[i : i + chunk]), bank.T, dense_output=True), k)
        for i in range(0, queries.shape[0], chunk)
    ]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def largest(values, k):
    """Finds the largest values of each row.

    Args:
        values: floats (M, N).
        k: int, 1 to N.

    Returns:
        pair of int64 (M, k), the columns, and float64 (M, k), the values, largest first; ties go to
        the lower column, except for a tie with what is left out.
    """
    rows = np.arange(len(values))[:, None]
    found = np.sort(np.argpartition(-values, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-values[rows, found], axis=1, kind="stable")
    columns = found[rows, order]
    return columns.astype(np.int64), values[rows, columns].astype(np.float64)
