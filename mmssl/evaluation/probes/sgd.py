"""Linear probe as the papers train it: SGD with momentum and a cosine schedule."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from mmssl.evaluation.probes.linear import choice_items, standardized, statistics
from mmssl.evaluation.probes.splits import stratified

LEARNING_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
EPOCHS, BATCH, MOMENTUM = 100, 256, 0.9


@dataclass(eq=False)
class SGDProbe:
    """A linear classifier of one or several features of an item.

    Attributes:
        statistics: list of L pairs of float32 (D,), the mean to subtract and scale to divide by.
        mixing_weights: float32 (L,), positive, summing to 1; weights of the features.
        weights: float32 (D, K); bias: float32 (K,).
        classes: array (K,).
        learning_rate: the chosen learning rate.
    """

    statistics: list
    mixing_weights: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    classes: np.ndarray
    learning_rate: float

    def predict(self, features):
        """Returns the classes (M,) of a list of L arrays (M, D)."""
        parts = zip(self.mixing_weights, features, self.statistics, strict=True)
        mixed = sum(weight * standardized(x, *by) for weight, x, by in parts)
        return self.classes[(mixed @ self.weights + self.bias).argmax(axis=1)]


def fit_sgd(
    features,
    labels,
    validation=None,
    seed=0,
    learning_rates=LEARNING_RATES,
    epochs=EPOCHS,
    standardize=True,
):
    """Fits softmax regression by SGD; the learning rate is chosen on validation items.

    Batches of 256, momentum 0.9, cosine decay of the learning rate to zero, no weight decay, as in
    MoCo v3 and DINO. Unlike there, features are computed once from the item as it is, not from a
    new random crop in each epoch, and standardized (as by MAE's batch norm before the layer), so
    that one grid of learning rates fits every encoder.

    With several features of an item, such as the mean of every block, the layer takes their sum,
    weighted by the softmax of L learned parameters (as in SUPERB, which does not standardize).

    Args:
        features: list of L arrays (N, D) of training features, all of one width.
        labels: array (N,) of their classes, at least two.
        validation: pair of such a list and labels; None holds out a fifth of the training items.
            After the choice, the layer is retrained on all training items.
        seed: of that random split and of the batches.
        learning_rates: candidates to choose from, above 0.
        epochs: passes over the training items, 1 or more.
        standardize: see `mmssl.evaluation.probes.linear.fit_linear`.

    Returns:
        SGDProbe.

    Raises:
        ValueError: the features differ in width, or there are too few items to validate on.

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
        fitted, held = stratified(labels, 0.2, seed, choice_items(labels))
        held_out = [part[held] for part in scaled], labels[held]
    else:
        fitted, _ = stratified(labels, 0.0, seed, choice_items(labels))
        parts = zip(validation[0], how, strict=True)
        held_out = [standardized(part, *by) for part, by in parts], np.asarray(validation[1])
    if len(held_out[1]) == 0:
        raise ValueError(
            f"Too few items for a linear probe: no class has two of the {len(labels)} training "
            "items."
        )
    candidates = _train(
        [part[fitted] for part in scaled], codes[fitted], learning_rates, epochs, seed
    )
    scores = _scores(candidates, held_out[0])
    accuracies = [np.mean(classes[score.argmax(axis=1)] == held_out[1]) for score in scores]
    rate = learning_rates[int(np.argmax(accuracies))]
    mixing, weights, bias = (part[0] for part in _train(scaled, codes, (rate,), epochs, seed))
    return SGDProbe(how, softmax(mixing), weights, bias, classes, rate)


def _train(features, codes, rates, epochs, seed):
    """Trains a layer for each of R learning rates in parallel: (R, L), (R, D, K) and (R, 1, K)."""
    width, count, classes = features[0].shape[1], len(codes), codes.max() + 1
    shapes = ((len(features),), (width, classes), (1, classes))
    state = [np.zeros((len(rates), *shape), np.float32) for shape in shapes]
    momenta = [np.zeros_like(part) for part in state]
    rng, steps, step = np.random.default_rng(seed), epochs * -(-count // BATCH), 0
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, BATCH):
            rows = order[start : start + BATCH]
            gradients = _gradients(state, np.stack([part[rows] for part in features]), codes[rows])
            cosine = 0.5 * (1 + np.cos(np.pi * step / steps))
            for part, momentum, gradient in zip(state, momenta, gradients, strict=True):
                momentum *= MOMENTUM
                momentum += gradient
                part -= momentum * _broadcast(cosine * np.asarray(rates, np.float32), part)
            step += 1
    return state


def _gradients(state, features, codes):
    """Gradients of the mean cross-entropy on a batch of L features (L, B, D)."""
    mixing, kernel, bias = state
    mixing = softmax(mixing, axis=1)
    mixed = np.einsum("rl,lbd->rbd", mixing, features, optimize=True)
    error = softmax(mixed @ kernel + bias, axis=2)
    error[:, np.arange(len(codes)), codes] -= 1
    error /= len(codes)
    of_mixing = np.einsum("rbk,rdk,lbd->rl", error, kernel, features, optimize=True)
    of_logits = mixing * (of_mixing - (mixing * of_mixing).sum(axis=1, keepdims=True))
    return of_logits, mixed.transpose(0, 2, 1) @ error, error.sum(axis=1, keepdims=True)


def _scores(state, features):
    mixing, kernels, biases = state
    for weights, kernel, bias in zip(softmax(mixing, axis=1), kernels, biases, strict=True):
        yield sum(w * x for w, x in zip(weights, features, strict=True)) @ kernel + bias


def _broadcast(rates, part):
    return rates.reshape(-1, *[1] * (part.ndim - 1))
