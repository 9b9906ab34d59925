"""GloVe's loss pair by pair, its symmetry, and that it fits what a table of its width can."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import word_encoder
from mmssl.methods.glove import GloVe
from mmssl.optimizers import adagrad
from mmssl.pipelines.text import WordPairs
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.tolerances import SUM, assert_close

CASE = Case(
    "text/glove",
    (
        "--data.batch_size=64",
        "--data.limit=12",
        "--data.vocabulary_size=200",
        "--data.min_count=2",
        "--method.encoder.width=16",
    ),
    **ON_NOVELS,
)
VOCABULARY = 9


def small(width=5, **kwargs):
    keras.utils.set_random_seed(0)
    return GloVe(word_encoder(VOCABULARY, width, with_contexts=True), **kwargs)


def drawn(method, seed=1):
    rng = np.random.default_rng(seed)
    method.set_weights([rng.normal(size=w.shape).astype("float32") for w in method.get_weights()])
    return method


def batch_of(rows=20, seed=0):
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, VOCABULARY, (rows, 2)).astype("int32")
    counts = np.exp(rng.normal(2, 2, rows)).astype("float32")
    return {"token_ids": ids, "padding_mask": np.ones_like(ids), "counts": counts}


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


def tables(method):
    return [np.asarray(t.embeddings, "float64") for t in (*method.tables, *method.biases)]


def test_the_loss_is_the_papers_pair_by_pair():
    method, batch = drawn(small(x_max=20.0, alpha=0.5)), batch_of()
    v, u, b, c = tables(method)
    costs = []
    for (i, j), x in zip(batch["token_ids"], batch["counts"].astype("float64"), strict=True):
        error = v[i] @ u[j] + b[i, 0] + c[j, 0] - np.log(x)
        costs.append(0.5 * min(1, x / 20) ** 0.5 * error**2)
    assert_close(loss_of(method, batch), np.mean(costs), SUM)


def test_words_and_contexts_may_change_places():
    method, batch = drawn(small()), batch_of()
    turned = drawn(small())
    for ones, others in ((method.tables, turned.tables), (method.biases, turned.biases)):
        for one, other in zip(ones, reversed(others), strict=True):
            other.embeddings.assign(one.embeddings)
    other = {**batch, "token_ids": batch["token_ids"][:, ::-1].copy()}
    assert_close(loss_of(turned, other), loss_of(method, batch), SUM)


def test_pairs_that_occur_once_cost_nothing_where_all_is_zero():
    method = small()
    method.set_weights([np.zeros_like(w) for w in method.get_weights()])
    batch = batch_of()
    assert loss_of(method, {**batch, "counts": np.ones(20, "float32")}) == 0
    x = batch["counts"].astype("float64")
    expected = np.mean(0.5 * np.minimum(x / 100, 1) ** 0.75 * np.log(x) ** 2)
    assert_close(loss_of(method, batch), expected, SUM)


def test_the_vector_of_a_word_is_the_sum_of_both_tables_and_biases_stay_behind():
    method = drawn(small())
    v, u, *_ = tables(method)
    ids = np.array([[3, 4]], "int32")
    outputs = method.export_encoder()({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    assert_close(outputs["features"][0], (v + u)[[3, 4]], SUM)
    assert_close(outputs["embedding"][0], (v + u)[[3, 4]].mean(axis=0), SUM)
    assert len(method.export_encoder().weights) == 2


def test_gradients_are_of_the_rows_that_occur():
    method, batch = drawn(small()), batch_of(rows=2)
    with tf.GradientTape() as tape:
        loss = method.compute_loss(x=batch, y_pred=method(batch), training=True)
    slices = tape.gradient(loss, [w.value for w in method.trainable_weights])
    assert all(isinstance(s, tf.IndexedSlices) and len(s.indices) == 2 for s in slices)


def test_a_matrix_of_low_rank_is_fitted():
    method = small(width=6)
    rng = np.random.default_rng(0)
    half = rng.normal(size=(VOCABULARY, 3))
    logs = half @ half.T
    ids = np.stack(np.meshgrid(*2 * [np.arange(VOCABULARY)]), axis=-1).reshape(-1, 2)
    counts = np.exp(logs[ids[:, 0], ids[:, 1]]).astype("float32")
    batch = {"token_ids": ids.astype("int32"), "padding_mask": np.ones(ids.shape, "int32")}
    batch["counts"] = counts
    method.compile(adagrad(method.trainable_variables, 0.2, 1e-6))
    data = tf.data.Dataset.from_tensors(batch).repeat()
    first = loss_of(method, batch)
    losses = method.fit(data, steps_per_epoch=150, epochs=4, verbose=0).history["error"]
    assert losses == sorted(losses, reverse=True)
    assert loss_of(method, batch) < 0.01 * first


def test_the_loss_of_a_text_falls_in_every_epoch():
    text = " ".join(np.random.default_rng(0).choice(list("abcdefgh"), 2000))
    keras.utils.set_random_seed(0)
    data = WordPairs([text], min_count=1, window=4, batch_size=16).prepare()
    method = GloVe(word_encoder(len(data.tokenizer), 4, with_contexts=True))
    method.compile(adagrad(method.trainable_variables, 0.05, 1 / 16**2))
    history = method.fit(data.batches(), steps_per_epoch=len(data), epochs=5, verbose=0).history
    assert history["error"] == sorted(history["error"], reverse=True)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="context_embedding"):
        GloVe(word_encoder(VOCABULARY, 4))
    with pytest.raises(ValueError, match="x_max"):
        small(x_max=0)
