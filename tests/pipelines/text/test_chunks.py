"""Chunks of documents: every token once an epoch, cut elsewhere in each."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import Passages, SentencePairs, VisibleTokens
from mmssl.pipelines.text.chunks import Chunks
from mmssl.pipelines.text.corpus import Corpus

BASE = 1000  # id of the first token of a numbered corpus; above all words of the vocabulary
WORDS = ["river", "stone", "light", "cloud", "under", "ever", "morning", "sea", "old"]


def corpus(sizes, sentence=7):
    """Documents of so many tokens, in sentences of up to seven."""
    lengths = [[sentence] * (n // sentence) + [n % sentence] * (n % sentence > 0) for n in sizes]
    arrays = {
        "tokens": np.arange(sum(sizes), dtype=np.int32),
        "sentences": np.cumsum([0, *np.concatenate(lengths)], dtype=np.int64),
        "documents": np.cumsum([0, *map(len, lengths)], dtype=np.int64),
    }
    return Corpus.hold(arrays)


def cut(chunks, shift):
    """(document, begin, end) of every chunk."""
    numbers = tf.range(chunks.count, dtype=tf.int64)
    shift = tf.constant(shift, tf.float64)
    places = tf.data.Dataset.from_tensor_slices(numbers).map(
        lambda number: chunks.at(number, shift)
    )
    return np.array(list(places.as_numpy_iterator()))


@pytest.mark.parametrize("shift", [0.0, 0.37, 0.999999])
@pytest.mark.parametrize("room", [5, 6, 40])
def test_chunks_follow_each_other_and_no_document_runs_into_the_next(room, shift):
    sizes = [*range(1, 3 * room), 10 * room, 10 * room + 1, 1, 11 * room - 1]
    found = cut(Chunks(corpus(sizes), room), shift)
    edges = np.cumsum([0, *sizes])
    np.testing.assert_array_equal(found[1:, 1], found[:-1, 2])
    assert (found[0, 1], found[-1, 2]) == (0, edges[-1])
    assert np.all(found[:, 1] >= edges[found[:, 0]])
    assert np.all(found[:, 2] <= edges[found[:, 0] + 1])
    assert np.diff(found[:, 1:]).max() <= room
    whole = np.flatnonzero(np.array(sizes) <= room)
    assert np.all(np.bincount(found[:, 0])[whole] == 1)


def test_no_long_document_is_cut_into_crumbs_or_at_the_same_places_twice():
    for size in range(41, 200, 13):
        chunks = Chunks(corpus([size]), 40)
        one, other = cut(chunks, 0.0), cut(chunks, 0.999999)
        assert min(np.diff(one[:, 1:]).min(), np.diff(other[:, 1:]).min()) >= 5
        assert np.all(one[1:, 1] - other[1:, 1] >= 5)


def documents():
    """Twenty texts of one to 300 sentences."""
    rng = np.random.default_rng(0)
    lengths = [1, 2, 3, 5, 8, 12, 20, 40, 120, 300] * 2
    return [
        " ".join(
            " ".join(rng.choice(WORDS, rng.integers(3, 12))).capitalize() + "." for _ in range(n)
        )
        for n in lengths
    ]


def shown(pipeline, epochs):
    """How often each token of a source is shown per epoch, on average by document, and its size."""
    pipeline.prepare()
    total = pipeline._corpus.tokens.shape[0]
    pipeline._corpus.tokens = tf.range(BASE, BASE + total)
    counts = np.zeros(total)
    for batch in pipeline.batches(seed=3).take(epochs * len(pipeline)).as_numpy_iterator():
        ids = batch["token_ids"].copy()
        if "masked_ids" in batch:
            rows, slots = np.nonzero(batch["masked_weights"])
            ids[rows, batch["masked_positions"][rows, slots]] = batch["masked_ids"][rows, slots]
        counts += np.bincount(ids[ids >= BASE] - BASE, minlength=total)
    edges = pipeline._corpus.sentences.numpy()[pipeline._corpus.documents.numpy()]
    return np.add.reduceat(counts, edges[:-1]) / epochs, np.diff(edges)


@pytest.mark.parametrize(
    ("build", "settings", "ratio"),
    [
        (Passages, {"short_probability": 0.0}, 1.05),
        (VisibleTokens, {"num_masks": 1}, 1.05),
        (SentencePairs, {"next_sentence": False, "max_predictions": 9}, 1.15),
        (SentencePairs, {"max_predictions": 9}, 1.4),
    ],
)
def test_tokens_of_long_and_of_short_documents_are_shown_equally_often(build, settings, ratio):
    pipeline = build(documents(), length=64, vocabulary_size=200, batch_size=1, **settings)
    shows, sizes = shown(pipeline, epochs=4)
    groups = [(sizes > low) & (sizes <= high) for low, high in ((0, 30), (30, 200), (200, 9999))]
    means = [shows[group].sum() / sizes[group].sum() for group in groups]
    assert max(means) / min(means) < ratio
    assert min(means) > 0.8
    assert max(means) < 1.2


def test_an_epoch_shows_every_token_once_and_the_next_one_in_other_chunks():
    pipeline = Passages(documents(), 64, 200, short_probability=0.0, batch_size=1).prepare()
    total = pipeline._corpus.tokens.shape[0]
    pipeline._corpus.tokens = tf.range(BASE, BASE + total)
    rows = [batch["token_ids"][0] for batch in pipeline.batches().take(2 * len(pipeline))]
    one, other = (
        [r[r >= BASE] for r in map(np.array, part)] for part in np.split(np.array(rows), 2)
    )
    for epoch in (one, other):
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch)), np.arange(total) + BASE)
    begins = [{row[0] for row in epoch} for epoch in (one, other)]
    # Every document begins a chunk in both epochs.
    assert len(begins[0] & begins[1]) < len(begins[0]) / 2
