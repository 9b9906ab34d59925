"""Which pairs can be read, and which elements of both sides belong to each."""

import numpy as np

from mmssl.pipelines.readable import scan_for
from mmssl.pipelines.sources.fingerprint import fingerprint


def scanned(side, half):
    """Decodes the items of a half, to find those that can be read.

    Args:
        side: Pipeline of the half.
        half: Half of M items.

    Returns:
        bool array (M,), and a dict from the names of the others to the reason.
    """
    found = scan_for(side, half.source, fingerprint(half.source))
    kept = np.zeros(len(half.source), bool)
    kept[found.good] = True
    return kept, dict(found.skipped)


def prepared(side, half):
    """Returns the same of a pipeline that was prepared for a half."""
    kept = np.isin(_positions(half.source), _positions(side.items))
    return kept, dict(side.skipped)


def incomplete(paired, found, words):
    """Lists the pairs of which a half is left out.

    Args:
        paired: PairedSource of N pairs.
        found: dict from each side to what `scanned` or `prepared` returned.
        words: str, what is said of such a half, such as "cannot be read".

    Returns:
        bool array (N,), true for the other pairs, and list of (name, reason) of these.
    """
    reasons = [None] * len(paired)
    for name, half in paired.halves.items():
        kept, told = found[name]
        readable = np.bincount(half.of_pairs(), kept[half.items], len(paired))
        for pair in np.flatnonzero(readable == 0):
            item = half.source.names[half.items[half.begins[pair]]]
            reasons[pair] = f"its {name} {words}: {told.get(item, item)}"
    left_out = [(str(paired.names[i]), why) for i, why in enumerate(reasons) if why is not None]
    return np.array([why is None for why in reasons]), left_out


def links(half, readable, kept, good):
    """Numbers the items that are kept of each pair that is kept.

    Args:
        half: Half of M items and N pairs.
        readable: bool array (M,), the items that can be read.
        kept: bool array (M,), those of them that are kept.
        good: bool array (N,), the pairs that are kept.

    Returns:
        int64 arrays: the numbers of items among those that can be read, those of a pair one after
        the other, and for each of these pairs where they begin and where they end.
    """
    number, pairs = np.cumsum(readable) - 1, half.of_pairs()
    chosen = kept[half.items] & good[pairs]
    ends = np.cumsum(np.bincount(pairs[chosen], minlength=len(good))[good])
    return number[half.items[chosen]], np.concatenate([[0], ends[:-1]]), ends


def elements(side):
    """Finds the elements of a prepared pipeline that are made of each of its items.

    Args:
        side: Pipeline of M items.

    Returns:
        int64 arrays (M,): the first element of each item, and the one after its last.

    Raises:
        ValueError: an element is not made of one item.
    """
    items = side.item_of(np.arange(side.count))
    if items is None:
        raise ValueError(
            f"{type(side).__name__} does not make each element of one item, as a side of pairs "
            "must: of texts, mmssl.pipelines.text.Captions does"
        )
    numbers = np.arange(len(side.items))
    return np.searchsorted(items, numbers), np.searchsorted(items, numbers, side="right")


def _positions(source):
    """Returns which items of what was opened a source has."""
    return np.arange(len(source)) if source.chosen is None else source.chosen
