"""Counts of words that stand near each other: one pass over the text, sparse, in bounded memory."""

import itertools

import numpy as np

_EVENTS = 4_000_000  # pairs of places that are in memory at a time


def count_cooccurrences(tokens, edges, size, window, folder, events=_EVENTS):
    """Counts pairs of words, each pair of places by one over its distance.

    Pairs of a stretch of text are sorted and added up in memory and written to the folder; in the
    end these runs are merged, one range of pairs at a time.

    Args:
        tokens: int32 array (T,), ids from 0 to `size - 1`; may be mapped from a file.
        edges: int64 array (D + 1,), where documents begin, and T; no pair reaches over an edge.
        size: V, number of ids.
        window: largest distance, 1 or more.
        folder: pathlib.Path of an empty folder for temporary files, among them the result's.
        events: pairs of places that are counted in memory at a time.

    Returns:
        Dict of arrays, mapped from files in the folder, an entry for each two words that occur
        together: first int32 (P,) and second int32 (P,), first <= second, the sum counts float32
        (P,), which is X_ij and X_ji. Pairs of a word with itself, whose X_ii is twice the sum over
        pairs of places, stand at the end.
    """
    runs = list(_runs(tokens, edges, size, window, folder, events))
    _merge(runs, size, folder, events)
    return {
        name: _mapped(folder / name, dtype)
        for name, dtype in (("first", np.int32), ("second", np.int32), ("counts", np.float32))
    }


def _runs(tokens, edges, size, window, folder, events):
    """Writes sorted sums of stretches of text; yields their keys and sums, mapped."""
    stretch = max(1, events // window)
    for begin in range(0, len(tokens), stretch):
        keys, sums = _summed(*_pairs(tokens, edges, begin, begin + stretch, size, window))
        if len(keys):
            paths = [folder / f"{name}_{begin}" for name in ("keys", "sums")]
            keys.tofile(paths[0])
            sums.tofile(paths[1])
            yield _mapped(paths[0], np.int64), _mapped(paths[1], np.float64)


def _pairs(tokens, edges, begin, end, size, window):
    """Lists the pairs whose first place lies in a stretch: keys int64 and weights float64."""
    ids = np.asarray(tokens[begin : end + window], np.int64)
    places = np.arange(begin, begin + len(ids))
    document = np.searchsorted(edges, places, side="right")
    keys, weights = [], []
    for distance in range(1, window + 1):
        ones, others = ids[: end - begin], ids[distance : end - begin + distance]
        ones = ones[: len(others)]
        together = document[: len(others)] == document[distance : distance + len(others)]
        ones, others = ones[together], others[together]
        low, high = np.minimum(ones, others), np.maximum(ones, others)
        # Pairs of a word with itself come last, and count in both directions.
        same = low == high
        keys.append(np.where(same, size * size + low, low * size + high))
        weights.append(np.where(same, 2.0, 1.0) / distance)
    return np.concatenate(keys), np.concatenate(weights)


def _summed(keys, weights):
    """Adds up the weights of equal keys; keys come out sorted."""
    order = np.argsort(keys, kind="stable")
    keys, weights = keys[order], weights[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[starts], np.add.reduceat(weights, starts) if len(starts) else weights[:0]


def _merge(runs, size, folder, events):
    """Adds up the runs, a range of keys at a time, and writes pairs and counts."""
    with (
        open(folder / "first", "wb") as first,
        open(folder / "second", "wb") as second,
        open(folder / "counts", "wb") as counts,
    ):
        for low, high in _ranges([keys for keys, _ in runs], events):
            places = [slice(*np.searchsorted(keys, (low, high))) for keys, _ in runs]
            chosen = [(k[at], s[at]) for (k, s), at in zip(runs, places, strict=True)]
            keys, sums = _summed(*map(np.concatenate, zip(*chosen, strict=True)))
            same = keys >= size * size
            one = np.where(same, keys - size * size, keys // size)
            one.astype(np.int32).tofile(first)
            np.where(same, one, keys % size).astype(np.int32).tofile(second)
            sums.astype(np.float32).tofile(counts)


def _ranges(runs, events):
    """Parts all keys into ranges [low, high) of about as many entries as are in memory."""
    step = max(1, events // max(1, 2 * len(runs)))
    samples = np.unique(np.concatenate([keys[::step] for keys in runs])) if runs else []
    cuts = [*samples[:: max(1, len(runs))].tolist(), np.iinfo(np.int64).max]
    return list(itertools.pairwise(cuts))


def _mapped(path, dtype):
    if not path.stat().st_size:
        return np.zeros(0, dtype)
    return np.memmap(path, dtype, mode="c")
