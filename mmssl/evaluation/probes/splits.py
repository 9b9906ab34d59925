"""Splitting labeled items into train, validation and test."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from mmssl.pipelines.sources.labels import VALIDATION


@dataclass
class Split:
    """The parts of a labeled source.

    Attributes:
        train: Source.
        test: Source.
        val: Source to choose hyperparameters on, or None.
        description: str, where the parts come from.
        left_out: dict from what items lack, "label" or "split", to the number of these items.
    """

    train: object
    test: object
    val: object | None
    description: str
    left_out: dict = field(default_factory=dict)


def split_source(source, seed=0):
    """Splits a labeled source by its own splits, or holds out a fifth of each class for testing.

    The fifth is taken from all items if there are no splits, and from the split train if there is
    no other. Without a split test, val is the test; dev, valid and validation are other names of
    it.

    Args:
        source: Source with labels.
        seed: of the random choice.

    Returns:
        Split.

    Raises:
        ValueError: the source's splits are not named train, test and val (or as above), or train
            or both others are missing.
    """
    if source.splits is None:
        return _draw(source, "each class", seed)
    splits = np.where(np.isin(source.splits, VALIDATION), "val", source.splits)
    names = set(splits.tolist())
    parts = {name: source.select(splits == name) for name in names}
    if names == {"train"}:
        return _draw(parts["train"], "each class of the split train", seed)
    if names == {"train", "val"}:
        own = "the source's own splits, val as the test"
        return Split(parts["train"], parts["val"], None, own)
    if not {"train", "test"} <= names:
        given = ", ".join(map(repr, sorted(set(source.splits.tolist()))))
        raise ValueError(
            f"The split column holds {given}: a probe needs 'train' and 'test' or 'val' (also "
            f"{', '.join(VALIDATION[1:])}); name another split_column, or give train and test."
        )
    return Split(parts["train"], parts["test"], parts.get("val"), "the source's own splits")


def held_out(source):
    """Returns the items of the split test, or all of a source without one."""
    if source.splits is None or "test" not in source.splits:
        return source
    return source.select(source.splits == "test")


def _draw(source, of_what, seed):
    train, test = stratified(source.labels, 0.2, seed)
    description = f"random: a fifth of {of_what} to test, seed {seed}"
    return Split(source.select(train), source.select(test), None, description)


def few_labels(labels, seed, per_class=None, fraction=None):
    """Draws a few labeled items of every class.

    Args:
        labels: array (N,).
        seed: of the random draw; an int or a tuple of ints.
        per_class: items per class, 1 or more; all items of a class that has fewer.
        fraction: instead, the fraction of each class, in (0, 1], rounded but at least one item.

    Returns:
        sorted int64 array of the indices drawn.
    """
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = []
    for name in np.unique(labels):
        items = order[labels[order] == name]
        drawn.append(items[: per_class or max(1, round(fraction * len(items)))])
    return np.sort(np.concatenate(drawn))


def stratified(labels, fraction, seed, limit=None):
    """Splits items at random, with the same fraction of every class in the second part.

    Args:
        labels: array (N,).
        fraction: of each class in the second part, 0 to 1, rounded but at least one item if above
            0; a class with a single item stays in the first part.
        seed: of the random split.
        limit: approximate maximum number of items in both parts together; None takes all.

    Returns:
        pair of sorted int64 arrays, the indices of the items of the first and of the second part.
    """
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    keep = 1.0 if limit is None else min(1.0, limit / len(labels))
    first, second = [], []
    for name in np.unique(labels):
        items = order[labels[order] == name]
        items = items[: max(min(2, len(items)), round(keep * len(items)))]
        held = 0 if fraction == 0 or len(items) < 2 else max(1, round(fraction * len(items)))
        second.append(items[:held])
        first.append(items[held:])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def check_split(split):
    """Rejects a split that cannot be learned from or tested on.

    Args:
        split: Split.

    Raises:
        ValueError: there is only one class, there are too few items, or the test items are of
            other classes.
    """
    counts = Counter(split.train.labels.tolist())
    if len(counts) < 2:
        raise ValueError(
            f"A probe needs two classes or more; all {len(split.train)} training items are "
            f"{next(iter(counts), 'missing')!r}."
        )
    if len(split.test) == 0 or max(counts.values()) < 2:
        raise ValueError(
            f"Too few items to probe with: {len(split.train)} to train on and {len(split.test)} to "
            f"test on, in {len(counts)} classes; at least one class needs two training items."
        )
    if not set(split.test.labels.tolist()) & counts.keys():
        raise ValueError(
            f"No class of the test items ({str(split.test.labels[0])!r}, ...) is among the "
            f"{len(counts)} classes of the training items ({str(split.train.labels[0])!r}, ...)."
        )
