"""Which labeled items train a probe, choose its settings and test it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np


@dataclass
class Split:
    """The parts of a labeled source.

    Attributes:
        train: Source.
        test: Source.
        val: Source that settings are chosen on, or None.
        how: str, where the parts come from.
    """

    train: object
    test: object
    val: object | None
    how: str


def split_source(source, seed=0):
    """Parts a labeled source by its own splits, or draws a fifth of each class to test on.

    It is drawn from all items where there are no splits, and from the split train where there is
    no test.

    Args:
        source: Source with labels.
        seed: of the draw.

    Returns:
        Split.

    Raises:
        ValueError: the source's splits are not named train, test and val, or train is not there.
    """
    if source.splits is None:
        return _draw(source, None, "each class", seed)
    names = set(source.splits.tolist())
    parts = {name: source.select(source.splits == name) for name in names}
    if "train" in names and names <= {"train", "val"}:
        return _draw(parts["train"], parts.get("val"), "each class of the split train", seed)
    if not {"train", "test"} <= names:
        raise ValueError(
            f"The split column holds {', '.join(map(repr, sorted(names)))}: a probe needs 'train' "
            "and 'test' (and may have 'val'); name another split_column, or give train and test."
        )
    return Split(parts["train"], parts["test"], parts.get("val"), "the source's own splits")


def _draw(source, val, of_what, seed):
    train, test = stratified(source.labels, 0.2, seed)
    how = f"drawn: a fifth of {of_what} to test, seed {seed}"
    return Split(source.select(train), source.select(test), val, how)


def few_labels(labels, seed, per_class=None, share=None):
    """Draws some labeled items of every class.

    Args:
        labels: array (N,).
        seed: of the draw; an int or a tuple of ints.
        per_class: items of each class, 1 or more; all where a class has fewer.
        share: instead, the share of each class, above 0 and up to 1, rounded but at least one item.

    Returns:
        sorted int64 array of the items drawn.
    """
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = []
    for name in np.unique(labels):
        items = order[labels[order] == name]
        drawn.append(items[: per_class or max(1, round(share * len(items)))])
    return np.sort(np.concatenate(drawn))


def stratified(labels, share, seed, limit=None):
    """Draws a share of every class.

    Args:
        labels: array (N,).
        share: of each class in the second part, 0 to 1, rounded but at least one item if above
            0; a class with a single item is left in the first part.
        seed: of the draw.
        limit: largest number of items in both parts together, about; None takes all.

    Returns:
        pair of sorted int64 arrays, the items of the first and of the second part.
    """
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    keep = 1.0 if limit is None else min(1.0, limit / len(labels))
    first, second = [], []
    for name in np.unique(labels):
        items = order[labels[order] == name]
        items = items[: max(min(2, len(items)), round(keep * len(items)))]
        held = 0 if share == 0 or len(items) < 2 else max(1, round(share * len(items)))
        second.append(items[:held])
        first.append(items[held:])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def check_split(split):
    """Refuses a split that nothing can be learned or measured on.

    Args:
        split: Split.

    Raises:
        ValueError: one class only, too few items, or test items of other classes.
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
            f"test on, in {len(counts)} classes; some class needs two training items."
        )
    if not set(split.test.labels.tolist()) & counts.keys():
        raise ValueError(
            f"No class of the test items ({str(split.test.labels[0])!r}, ...) is among the "
            f"{len(counts)} classes of the training items ({str(split.train.labels[0])!r}, ...)."
        )
