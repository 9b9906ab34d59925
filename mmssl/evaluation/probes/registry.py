"""The probes by name: how each measures features, and its title in tables."""

import re
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse

from mmssl.evaluation.probes.few_shot import few_shot, summarize
from mmssl.evaluation.probes.knn import NEIGHBORS, TEMPERATURE, knn_predict
from mmssl.evaluation.probes.linear import fit_linear
from mmssl.evaluation.probes.sgd import fit_sgd

DEFAULT = ("knn", "linear")
KNOWN = (
    "knn (20 neighbors), knn_K, linear (logistic regression), linear_sgd, weighted (a learned "
    "weighting of the blocks), N-shot"
)


@dataclass(frozen=True)
class Probe:
    """A method of measuring features.

    Attributes:
        name: key of its accuracy in results.
        title: name for display.
        score: function (features, split, seed) -> dict of JSON values: the test accuracy under
            `name`, or `summarize` of several, and the hyperparameters chosen; empty if the probe
            does not apply to the features.
        of_blocks: whether it takes a dict with the features of every block, instead of those of
            the whole encoder.
    """

    name: str
    title: str
    score: object
    of_blocks: bool = False


def get_probes(names, temperature=TEMPERATURE):
    """Returns probes by name.

    Args:
        names: list of `"knn"`, `"knn_100"` (any number of neighbors), `"linear"`, `"linear_sgd"`,
            `"weighted"` and `"5-shot"` (any number of labels per class).
        temperature: of the kNN vote, above 0.

    Returns:
        list of Probe.

    Raises:
        ValueError: there is no probe of that name.
    """
    return [_probe(name, temperature) for name in dict.fromkeys(names)]


def title_of(name):
    """Returns the title of a probe."""
    return _probe(name).title


def is_knn(name):
    """Returns whether a probe is kNN, whose vote depends on the temperature."""
    return name.startswith("knn")


def temperature_of(result):
    """Returns the kNN temperature of a result of `evaluate`; None if it has no kNN."""
    voted = any(map(is_knn, result.get("probes", DEFAULT)))
    return result.get("temperature", TEMPERATURE) if voted else None


def mean_and_std(value):
    """Returns the mean and standard deviation of an accuracy; None for that of a single value."""
    return (value["mean"], value["std"]) if isinstance(value, dict) else (value, None)


def _probe(name, temperature=TEMPERATURE):
    if name == "linear":
        return Probe(name, "linear", _linear)
    if name == "linear_sgd":
        return Probe(name, "linear, SGD", _linear_sgd)
    if name == "weighted":
        return Probe(name, "weighted blocks", _weighted, of_blocks=True)
    neighbors = re.fullmatch(r"knn(?:_([1-9]\d*))?", name)
    if neighbors:
        k = int(neighbors[1] or NEIGHBORS)
        return Probe(name, f"{k}-NN", partial(_knn, name, k, temperature))
    shots = re.fullmatch(r"([1-9]\d*)-shot", name)
    if shots:
        return Probe(name, name, partial(_few_shot, name, int(shots[1])))
    raise ValueError(f"There is no probe {name!r}; there are {KNOWN}.")


def _knn(name, k, temperature, features, split, seed):
    train, test, *_ = features.parts
    k = min(k, train.shape[0])
    return {name: _accuracy(knn_predict(train, split.train.labels, test, k, temperature), split)}


def _linear(features, split, seed):
    train, test, *val = features.parts
    validation = (val[0], split.val.labels) if val else None
    labels = split.train.labels
    probe = fit_linear(train, labels, validation, seed, features.grid, features.standardize)
    return {"linear": _accuracy(probe.predict(test), split), "C": probe.c}


def _linear_sgd(features, split, seed):
    if sparse.issparse(features.parts[0]):
        return {}
    train, test, *val = features.parts
    validation = ([val[0]], split.val.labels) if val else None
    labels, scaled = split.train.labels, features.standardize
    probe = fit_sgd([train], labels, validation, seed, standardize=scaled)
    accuracy = _accuracy(probe.predict([test]), split)
    return {"linear_sgd": accuracy, "linear_sgd_learning_rate": probe.learning_rate}


def _weighted(blocks, split, seed):
    if not blocks:
        return {}
    train, test, *val = zip(*(features.parts for features in blocks.values()), strict=True)
    validation = (list(val[0]), split.val.labels) if val else None
    probe = fit_sgd(list(train), split.train.labels, validation, seed)
    weights = dict(zip(blocks, map(float, probe.mixing_weights), strict=True))
    accuracy = _accuracy(probe.predict(list(test)), split)
    return {
        "weighted": accuracy,
        "weighted_learning_rate": probe.learning_rate,
        "block_weights": weights,
    }


def _few_shot(name, shots, features, split, seed):
    train, test, *_ = features.parts
    labels, standardize = (split.train.labels, split.test.labels), features.standardize
    accuracies = few_shot(train, labels[0], test, labels[1], shots, seed, standardize=standardize)
    return {name: summarize(accuracies)}


def _accuracy(predicted, split):
    return float(np.mean(predicted == split.test.labels))
