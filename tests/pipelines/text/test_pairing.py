"""Sentence pairs, read off a corpus whose token ids say where they stand."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text.chunks import Chunks
from mmssl.pipelines.text.corpus import Corpus
from mmssl.pipelines.text.pairing import _cut_longer, segment, sentence_pair
from mmssl.pipelines.text.tokenizer import CLS, SEP, Tokenizer
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
    return Corpus.hold({"tokens": tokens, "sentences": sentences, "documents": documents})


CORPUS = numbered_corpus()
SENTENCES, DOCUMENTS = CORPUS.sentences.numpy(), CORPUS.documents.numpy()
DOCUMENT = np.repeat(np.arange(12), np.diff(SENTENCES[DOCUMENTS]))  # of every token


def places(shifts=8):
    """(document, begin, end) of every chunk of several epochs."""
    chunks = Chunks(CORPUS, ROOM)
    at = tf.function(chunks.at)
    numbers = tf.range(chunks.count, dtype=tf.int64)
    return np.array(
        [
            [int(place) for place in at(number, tf.constant(shift, tf.float64))]
            for shift in np.arange(shifts) / shifts
            for number in numbers
        ]
    )


CHUNKS = places()


def made(make, chunks, short_probability=0.1, elements=ELEMENTS, calls=None):
    """Rows of ids without padding, and the labels, for element numbers 0, 1, 2 and so on."""
    chunks = tf.constant(chunks)

    def element(n):
        key = tf.stack([tf.constant(5, tf.int64), n])
        chunk = tf.unstack(chunks[n % len(chunks)])
        result = make(CORPUS, chunk, ROOM, short_probability, Tokenizer.specials, key)
        text, label = result if isinstance(result, tuple) else (result, tf.constant(0))
        return tf.pad(text, [[0, ROOM + 3 - tf.size(text)]]), label

    numbers = tf.data.Dataset.range(elements)
    batches = numbers.map(element, calls or tf.data.AUTOTUNE, deterministic=True).batch(elements)
    rows, labels = next(iter(batches))
    return [row[row > 0] for row in rows.numpy()], labels.numpy()


@pytest.fixture(scope="module")
def pairs():
    """Chunks, then A and B as places in the corpus, and the labels."""
    rows, labels = made(sentence_pair, CHUNKS)
    a, b = [], []
    for row in rows:
        ends = np.flatnonzero(row == SEP)
        assert row[0] == CLS
        assert len(ends) == 2
        assert ends[1] == len(row) - 1
        a.append(row[1 : ends[0]] - BASE)
        b.append(row[ends[0] + 1 : -1] - BASE)
    return CHUNKS[np.arange(ELEMENTS) % len(CHUNKS)], a, b, labels


def test_both_parts_are_unbroken_runs_of_one_document(pairs):
    for part in (*pairs[1], *pairs[2]):
        assert len(part) > 0
        assert np.all(np.diff(part) == 1)
        assert DOCUMENT[part[0]] == DOCUMENT[part[-1]]


def test_no_pair_is_longer_than_the_room_and_full_ones_are_full(pairs):
    chunks, a, b, labels = pairs
    sizes = np.array([len(x) + len(y) for x, y in zip(a, b, strict=True)])
    assert sizes.max() == ROOM
    full = (chunks[:, 2] - chunks[:, 1] == ROOM) & (labels == 0)
    assert np.mean(sizes[full] == ROOM) > 0.85


def first_sentences(chunks):
    """The first sentence that begins in each chunk, or else the last of its document."""
    found = np.searchsorted(SENTENCES, chunks[:, 1])
    return np.minimum(found, DOCUMENTS[chunks[:, 0] + 1] - 1)


def test_a_begins_with_the_first_sentence_of_its_chunk_unless_its_front_was_cut(pairs):
    chunks, a, b, _ = pairs
    begins = SENTENCES[first_sentences(chunks)]
    for document, begin, first, second in zip(chunks[:, 0], begins, a, b, strict=True):
        whole = len(first) + len(second) < ROOM
        assert first[0] == begin if whole else first[0] >= begin
        assert DOCUMENT[first[0]] == document


def test_a_pair_of_one_document_is_consecutive_sentences_unless_it_was_cut(pairs):
    _, a, b, labels = pairs
    whole = 0
    for first, second in ((a[n], b[n]) for n in np.flatnonzero(labels == 0)):
        assert second[0] > first[-1]
        if len(first) + len(second) < ROOM:
            whole += 1
            assert second[0] == first[-1] + 1
            assert {first[0], second[0], second[-1] + 1} <= set(SENTENCES)
    assert whole > 100


def test_where_parts_are_cut_does_not_tell_a_random_pair_from_a_true_one(pairs):
    _, a, b, labels = pairs
    cut = np.array(
        [
            [place in SENTENCES for place in (x[0], x[-1] + 1, y[0], y[-1] + 1)]
            for x, y in zip(a, b, strict=True)
            if len(x) + len(y) == ROOM
        ]
    )
    random = labels[[len(x) + len(y) == ROOM for x, y in zip(a, b, strict=True)]] == 1
    difference = cut[random].mean(axis=0) - cut[~random].mean(axis=0)
    assert np.abs(difference).max() < 0.1


def test_no_random_b_is_from_the_document_of_a(pairs):
    _, a, b, labels = pairs
    same = np.array([DOCUMENT[x[0]] == DOCUMENT[y[0]] for x, y in zip(a, b, strict=True)])
    np.testing.assert_array_equal(same, labels == 0)


def test_half_of_the_pairs_are_random_and_all_of_the_lone_sentences(pairs):
    chunks, _, _, labels = pairs
    first = first_sentences(chunks)
    lone = (first + 1 == DOCUMENTS[chunks[:, 0] + 1]) | (np.diff(SENTENCES)[first] == ROOM)
    assert labels[lone].all()
    several = ~lone[: len(CHUNKS)]
    _, full_labels = made(sentence_pair, CHUNKS[several], short_probability=0.0)
    assert full_labels.mean() == pytest.approx(0.5, abs=share_margin(0.5, len(full_labels)))


def test_random_parts_come_from_all_sentences_of_other_documents_alike(pairs):
    chunks, _, b, labels = pairs
    counts = np.bincount([DOCUMENT[y[0]] for y in np.array(b, object)[labels == 1]], minlength=12)
    sentences = np.diff(DOCUMENTS)
    own = np.bincount(chunks[labels == 1, 0], minlength=12)
    share = own / (sentences.sum() - sentences)  # of the pairs of a document, for each sentence
    expected = sentences * (share.sum() - share)
    assert np.all(np.abs(counts - expected) < 4 * np.sqrt(expected) + 1)


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
    chunks, a, _, labels = pairs
    cut = [
        x[0] - begin
        for (_, begin, end), x, label in zip(chunks, a, labels, strict=True)
        if label and len(x) < end - begin and len(x) == ROOM // 2
    ]
    assert len(cut) > 100
    assert 0 in cut
    assert max(cut) > 3


def test_some_targets_are_short():
    full = CHUNKS[CHUNKS[:, 2] - CHUNKS[:, 1] == ROOM]
    never, _ = made(segment, full, short_probability=0.0, elements=1000)
    always, _ = made(segment, full, short_probability=1.0, elements=1000)
    assert {len(row) for row in never} == {ROOM + 2}
    lengths = np.array([len(row) - 2 for row in always])
    assert lengths.min() <= 4
    assert np.mean(lengths < ROOM) > 0.5


def test_a_segment_is_its_chunk_or_ends_with_a_sentence():
    rows, _ = made(segment, CHUNKS, elements=1000)
    for (_, begin, end), row in zip(CHUNKS, rows, strict=False):
        assert (row[0], row[-1]) == (CLS, SEP)
        text = row[1:-1] - BASE
        np.testing.assert_array_equal(text, np.arange(begin, text[-1] + 1))
        assert text[-1] + 1 == end or text[-1] + 1 in SENTENCES


def test_pairs_depend_on_chunk_and_key_alone():
    one, labels = made(sentence_pair, CHUNKS, elements=300, calls=1)
    other, other_labels = made(sentence_pair, CHUNKS, elements=300, calls=4)
    np.testing.assert_array_equal(labels, other_labels)
    assert all(np.array_equal(x, y) for x, y in zip(one, other, strict=True))
