"""Sentence pairs, read off a corpus whose token ids say where they stand."""

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text.corpus import Corpus
from mmssl.pipelines.text.pairing import _cut_longer, chunk_starts, segment, sentence_pair
from mmssl.pipelines.text.tokenizer import CLS, SEP
from tests.tolerances import share_margin

ROOM = 40
ELEMENTS = 6000
BASE = 100  # id of the first token; above every special


def numbered_corpus():
    """12 documents of 1 to 60 sentences of 1 to ROOM tokens; each token id is its place + BASE."""
    rng = np.random.default_rng(0)
    documents = np.concatenate([[0], np.cumsum([1, 2, 60, 3, 20, 45, 8, 30, 1, 12, 50, 25])])
    lengths = np.minimum(rng.geometric(0.12, documents[-1]), ROOM)
    sentences = np.concatenate([[0], np.cumsum(lengths)])
    tokens = np.arange(sentences[-1], dtype=np.int32) + BASE
    return Corpus(tf.constant(tokens), tf.constant(sentences), tf.constant(documents))


CORPUS = numbered_corpus()
SENTENCES, DOCUMENTS = CORPUS.sentences.numpy(), CORPUS.documents.numpy()
DOCUMENT = np.repeat(np.arange(12), np.diff(SENTENCES[DOCUMENTS]))  # of every token


def made(make, starts, short_probability=0.1, elements=ELEMENTS, calls=None):
    """Rows of ids without padding, and the labels, for element numbers 0, 1, 2 and so on."""
    starts = tf.constant(starts)

    def element(n):
        key = tf.stack([tf.constant(5, tf.int64), n])
        result = make(CORPUS, starts[n % len(starts)], ROOM, short_probability, key)
        text, label = result if isinstance(result, tuple) else (result, tf.constant(0))
        return tf.pad(text, [[0, ROOM + 3 - tf.size(text)]]), label

    numbers = tf.data.Dataset.range(elements)
    batches = numbers.map(element, calls or tf.data.AUTOTUNE, deterministic=True).batch(elements)
    rows, labels = next(iter(batches))
    return [row[row > 0] for row in rows.numpy()], labels.numpy()


@pytest.fixture(scope="module")
def pairs():
    """Start sentences, then A and B as places in the corpus, and the labels."""
    starts = chunk_starts(CORPUS, ROOM)
    rows, labels = made(sentence_pair, starts)
    a, b = [], []
    for row in rows:
        ends = np.flatnonzero(row == SEP)
        assert row[0] == CLS
        assert len(ends) == 2
        assert ends[1] == len(row) - 1
        a.append(row[1 : ends[0]] - BASE)
        b.append(row[ends[0] + 1 : -1] - BASE)
    return starts[np.arange(ELEMENTS) % len(starts)], a, b, labels


def test_an_element_starts_wherever_its_document_still_fills_the_room():
    expected = [
        sentence
        for first, last in pairwise(DOCUMENTS)
        for sentence in range(first, last)
        if sentence == first or SENTENCES[last] - SENTENCES[sentence] >= ROOM
    ]
    np.testing.assert_array_equal(chunk_starts(CORPUS, ROOM), expected)


def test_both_parts_are_unbroken_runs_of_one_document(pairs):
    for part in (*pairs[1], *pairs[2]):
        assert len(part) > 0
        assert np.all(np.diff(part) == 1)
        assert DOCUMENT[part[0]] == DOCUMENT[part[-1]]


def test_no_pair_is_longer_than_the_room_and_full_ones_are_full(pairs):
    _, a, b, _ = pairs
    sizes = np.array([len(x) + len(y) for x, y in zip(a, b, strict=True)])
    assert sizes.max() == ROOM
    assert np.mean(sizes == ROOM) > 0.7


def test_a_begins_with_the_start_sentence_unless_its_front_was_cut(pairs):
    starts, a, b, _ = pairs
    for start, first, second in zip(starts, a, b, strict=True):
        begin = SENTENCES[start]
        whole = len(first) + len(second) < ROOM
        assert first[0] == begin if whole else first[0] >= begin
        assert DOCUMENT[first[0]] == DOCUMENT[begin]


def test_b_follows_a_in_the_document_when_it_is_not_random(pairs):
    _, a, b, labels = pairs
    gaps = np.array([y[0] - x[-1] for x, y in zip(a, b, strict=True)])[labels == 0]
    whole = np.array([len(x) + len(y) < ROOM for x, y in zip(a, b, strict=True)])[labels == 0]
    assert np.all(gaps[whole] == 1)
    # Between them lies no more than what was cut off to fit the room.
    assert np.all((gaps >= 1) & (gaps <= ROOM))


def test_no_random_b_is_from_the_document_of_a(pairs):
    _, a, b, labels = pairs
    same = np.array([DOCUMENT[x[0]] == DOCUMENT[y[0]] for x, y in zip(a, b, strict=True)])
    np.testing.assert_array_equal(same, labels == 0)


def test_half_of_the_pairs_are_random_and_all_of_the_lone_sentences(pairs):
    starts, _, _, labels = pairs
    first_fills = np.diff(SENTENCES)[starts] >= ROOM
    # A shorter target may be filled by one sentence too, so look at the longest only.
    assert labels[first_fills].all()
    lone = np.isin(starts, DOCUMENTS[[0, 8]])
    assert labels[lone].all()
    _, full_labels = made(sentence_pair, starts[~lone & ~first_fills], short_probability=0.0)
    assert full_labels.mean() == pytest.approx(0.5, abs=share_margin(0.5, len(full_labels)))


def test_random_parts_come_from_every_document_alike(pairs):
    starts, _, b, labels = pairs
    documents = [DOCUMENT[y[0]] for y in np.array(b, object)[labels == 1]]
    counts = np.bincount(documents, minlength=12)
    own = [DOCUMENT[SENTENCES[s]] for s in starts[labels == 1]]
    others = len(own) - np.bincount(own, minlength=12)
    assert np.all(np.abs(counts / (others / 11) - 1) < 0.15)


def test_the_longer_part_is_shortened_until_the_pair_fits():
    for room in (5, 6):
        for size_a in range(1, 2 * room):
            for size_b in range(1, 2 * room):
                longer_first = [size_a, size_b]
                while sum(longer_first) > room:
                    longer_first[0 if longer_first[0] > longer_first[1] else 1] -= 1
                coins = tf.cast(np.arange(3 * room) % 2, tf.bool)
                cut = _cut_longer(
                    (tf.constant(0, tf.int64), tf.constant(size_a, tf.int64)),
                    (tf.constant(50, tf.int64), tf.constant(50 + size_b, tf.int64)),
                    room,
                    coins,
                )
                sizes = [int(last - first) for first, last in cut]
                assert sizes == longer_first


def test_tokens_go_from_the_front_and_the_back_alike(pairs):
    starts, a, _, _ = pairs
    begins = SENTENCES[starts]
    cut = [x[0] - begin for x, begin in zip(a, begins, strict=True) if len(x) == ROOM // 2]
    assert len(cut) > 200
    assert 0 in cut
    assert max(cut) > 3


def test_some_targets_are_short(pairs):
    starts = chunk_starts(CORPUS, ROOM)
    full = starts[np.isin(starts, DOCUMENTS, invert=True)]
    never, _ = made(segment, full, short_probability=0.0, elements=1000)
    always, _ = made(segment, full, short_probability=1.0, elements=1000)
    assert {len(row) for row in never} == {ROOM + 2}
    lengths = np.array([len(row) - 2 for row in always])
    assert lengths.min() <= 4
    assert np.mean(lengths < ROOM) > 0.5


def test_a_segment_is_one_run_from_its_start():
    starts = chunk_starts(CORPUS, ROOM)
    rows, _ = made(segment, starts, elements=1000)
    for start, row in zip(starts, rows, strict=False):
        assert row[0] == CLS
        assert row[-1] == SEP
        assert row[1] - BASE == SENTENCES[start]
        assert np.all(np.diff(row[1:-1]) == 1)
        assert DOCUMENT[row[1] - BASE] == DOCUMENT[row[-2] - BASE]


def test_pairs_depend_on_start_and_key_alone():
    starts = chunk_starts(CORPUS, ROOM)
    one, labels = made(sentence_pair, starts, elements=300, calls=1)
    other, other_labels = made(sentence_pair, starts, elements=300, calls=4)
    np.testing.assert_array_equal(labels, other_labels)
    assert all(np.array_equal(x, y) for x, y in zip(one, other, strict=True))
