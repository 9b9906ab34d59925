"""A linear layer on frozen features as the papers train it: SGD with momentum and a cosine."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from mmssl.evaluation.probes.linear import CHOICE_ITEMS, standardized, statistics
from mmssl.evaluation.probes.splits import stratified

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
EPOCHS, BATCH, MOMENTUM = 100, 256, 0.9


@dataclass(eq=False)
class SGDProbe:
    """A linear classifier of one or several features of an item.

    Attributes:
        statistics: list of L pairs of float32 (D,), taken off the features and then divided by.
        shares: float32 (L,), positive, sum 1; what each feature weighs in the sum.
        weights: float32 (D, K); bias: float32 (K,).
        classes: array (K,).
        rate: the learning rate that was chosen.
    """

    statistics: list
    shares: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    classes: np.ndarray
    rate: float

    def predict(self, features):
        """Returns the classes (M,) of a list of L arrays (M, D)."""
        parts = zip(self.shares, features, self.statistics, strict=True)
        joined = sum(share * standardized(x, *how) for share, x, how in parts)
        return self.classes[(joined @ self.weights + self.bias).argmax(axis=1)]


def fit_sgd(
    features, labels, validation=None, seed=0, rates=RATES, epochs=EPOCHS, standardize=True
):
    """Fits softmax regression by SGD; the learning rate is chosen on validation items.

    Batches of 256, momentum 0.9, a cosine from the learning rate to zero, no weight decay, as in
    MoCo v3 and DINO. Unlike there, features are computed once from the item as it is, not anew
    from a random crop each epoch, and standardized (as MAE's batch norm before the layer does),
    which lets one grid of learning rates fit every encoder.

    With several features of an item, such as the mean of every block, the layer reads their sum,
    weighed by the softmax of L learned numbers (SUPERB; there the sum is of features as they are).

    Args:
        features: list of L arrays (N, D) of training features, all of one width.
        labels: array (N,) of their classes, at least two.
        validation: None, for a fifth of the training items; or a pair of such a list and labels.
            After the choice the layer is fitted anew to all training items.
        seed: of the draw of that fifth and of the batches.
        rates: learning rates to choose from, above 0.
        epochs: passes over the training items, 1 or more.
        standardize: see `mmssl.evaluation.probes.linear.fit_linear`.

    Returns:
        SGDProbe.

    Raises:
        ValueError: the features differ in width, or there are too few items to choose on.

    Reference:
        He et al. 2019, arXiv 1911.05722; Chen, Xie, He 2021, arXiv 2104.02057; Caron et al. 2021,
        arXiv 2104.14294; Yang et al. 2021, arXiv 2105.01051 (SUPERB).
    """
    widths = {part.shape[1] for part in features}
    if len(widths) > 1:
        raise ValueError(
            f"Only features of one width can be summed; these have {sorted(widths)} dimensions: "
            "probe the blocks one by one with layer='all'."
        )
    labels = np.asarray(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    how = [statistics(part, standardize) for part in features]
    scaled = [standardized(part, *by) for part, by in zip(features, how, strict=True)]
    if validation is None:
        fitted, held = stratified(labels, 0.2, seed, CHOICE_ITEMS)
        held_out = [part[held] for part in scaled], labels[held]
    else:
        fitted, _ = stratified(labels, 0.0, seed, CHOICE_ITEMS)
        parts = zip(validation[0], how, strict=True)
        held_out = [standardized(part, *by) for part, by in parts], np.asarray(validation[1])
    if len(held_out[1]) == 0:
        raise ValueError(
            f"Too few items for a linear probe: no class has two of the {len(labels)} training "
            "items."
        )
    candidates = _train([part[fitted] for part in scaled], codes[fitted], rates, epochs, seed)
    scores = _scores(candidates, held_out[0])
    right = [np.mean(classes[score.argmax(axis=1)] == held_out[1]) for score in scores]
    rate = rates[int(np.argmax(right))]
    mixing, weights, bias = (part[0] for part in _train(scaled, codes, (rate,), epochs, seed))
    return SGDProbe(how, softmax(mixing), weights, bias, classes, rate)


def _train(features, codes, rates, epochs, seed):
    """Trains a layer for each of R learning rates at once: (R, L), (R, D, K) and (R, 1, K)."""
    width, count, classes = features[0].shape[1], len(codes), codes.max() + 1
    shapes = ((len(features),), (width, classes), (1, classes))
    state = [np.zeros((len(rates), *shape), np.float32) for shape in shapes]
    momenta = [np.zeros_like(part) for part in state]
    rng, steps, step = np.random.default_rng(seed), epochs * -(-count // BATCH), 0
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, BATCH):
            rows = order[start : start + BATCH]
            slopes = _gradient(state, np.stack([part[rows] for part in features]), codes[rows])
            cosine = 0.5 * (1 + np.cos(np.pi * step / steps))
            for part, momentum, slope in zip(state, momenta, slopes, strict=True):
                momentum *= MOMENTUM
                momentum += slope
                part -= momentum * _along(cosine * np.asarray(rates, np.float32), part)
            step += 1
    return state


def _gradient(state, features, codes):
    """The gradient of the mean cross-entropy, of L features (L, B, D) of a batch."""
    mixing, weights, bias = state
    shares = softmax(mixing, axis=1)
    joined = np.einsum("rl,lbd->rbd", shares, features, optimize=True)
    off = softmax(joined @ weights + bias, axis=2)
    off[:, np.arange(len(codes)), codes] -= 1
    off /= len(codes)
    towards = np.einsum("rbk,rdk,lbd->rl", off, weights, features, optimize=True)
    slope = shares * (towards - (shares * towards).sum(axis=1, keepdims=True))
    return slope, joined.transpose(0, 2, 1) @ off, off.sum(axis=1, keepdims=True)


def _scores(state, features):
    mixing, weights, bias = state
    for shares, kernel, offset in zip(softmax(mixing, axis=1), weights, bias, strict=True):
        yield sum(share * x for share, x in zip(shares, features, strict=True)) @ kernel + offset


def _along(rates, part):
    return rates.reshape(-1, *[1] * (part.ndim - 1))
