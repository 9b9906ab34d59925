"""Counts of pairs: by hand, against a loop, and the same for any share of memory."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from mmssl.pipelines.text import WordPairs
from mmssl.pipelines.text.cooccurrence import count_cooccurrences
from tests.tolerances import SUM, assert_close


def counted(tokens, edges, size, window, folder, **kwargs):
    tokens, edges = np.array(tokens, np.int32), np.array(edges)
    found = count_cooccurrences(tokens, edges, size, window, folder, **kwargs)
    entries = zip(found["first"], found["second"], found["counts"], strict=True)
    return {(int(i), int(j)): float(x) for i, j, x in entries}


def test_neighbors_count_one_and_others_one_over_their_distance(tmp_path):
    assert counted([1, 2, 3], [0, 3], 4, 2, tmp_path) == {(1, 2): 1, (2, 3): 1, (1, 3): 0.5}


def test_no_pair_reaches_over_the_end_of_a_document(tmp_path):
    assert counted([1, 2, 3, 1], [0, 2, 4], 4, 3, tmp_path) == {(1, 2): 1, (1, 3): 1}


def test_a_word_beside_itself_counts_in_both_directions(tmp_path):
    assert counted([2, 2, 1], [0, 3], 3, 1, tmp_path) == {(2, 2): 2, (1, 2): 1}


def test_counts_are_those_of_a_loop_however_little_memory_there_is(tmp_path):
    rng = np.random.default_rng(0)
    tokens, edges = rng.integers(1, 7, 400), [0, 150, 151, 400]
    expected = {}
    for begin, end in pairwise(edges):
        for i, j in combinations(range(begin, end), 2):
            if j - i <= 5:
                pair = tuple(sorted((int(tokens[i]), int(tokens[j]))))
                expected[pair] = expected.get(pair, 0) + (1 + (pair[0] == pair[1])) / (j - i)
    for events in (7, 60, 4000):
        folder = tmp_path / str(events)
        folder.mkdir()
        found = counted(tokens, edges, 8, 5, folder, events=events)
        assert found.keys() == expected.keys()
        assert_close(list(found.values()), [expected[pair] for pair in found], SUM)


@pytest.fixture(scope="module")
def pairs():
    text = "The sea and the sea. An old sea and the cloud and the old and old stone."
    return WordPairs([text, "The stone and the cloud."], min_count=1, window=3, batch_size=4)


def test_an_epoch_shows_every_pair_in_both_directions_once(pairs):
    pairs.prepare()
    batches = list(pairs.batches().take(len(pairs)).as_numpy_iterator())
    ids = np.concatenate([batch["token_ids"] for batch in batches])
    shown = [tuple(pair) for pair in ids]
    counts = dict(zip(shown, np.concatenate([b["counts"] for b in batches]), strict=True))
    assert len(set(shown)) == len(shown) == len(pairs) * 4
    assert pairs.count - len(shown) < 4
    for (i, j), count in counts.items():
        assert counts.get((j, i), count) == count
        assert count > 0
    assert sum(i == j for i, j in shown) > 0
    mask = np.concatenate([batch["padding_mask"] for batch in batches])
    assert mask.all()


def test_pairs_of_another_epoch_come_in_another_order(pairs):
    pairs.prepare()
    first, second = (next(pairs.batches(step).as_numpy_iterator()) for step in (0, len(pairs)))
    assert (first["token_ids"] != second["token_ids"]).any()


def test_a_window_below_one_is_refused():
    with pytest.raises(ValueError, match="window=0"):
        WordPairs(["a b"], window=0)
