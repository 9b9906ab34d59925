"""word2vec's losses against the papers' formulas pair by pair, and what it learns of two topics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import word_encoder
from mmssl.methods.word2vec import Word2Vec
from mmssl.optimizers import adagrad
from mmssl.pipelines.text import WordWindows
from mmssl.pipelines.text.huffman import huffman_paths
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

TINY = (
    "--data.batch_size=4",
    "--data.length=64",
    "--data.block=16",
    "--data.limit=12",
    "--data.vocabulary_size=300",
    "--data.min_count=2",
    "--method.encoder.width=16",
)
PAIR = 6 * np.log(2)  # of an untrained pair and its five words of noise
CASE = Case("text/word2vec", TINY, initial_loss=(PAIR, 0.1), **ON_NOVELS)
CASES = {
    "cbow_tree": Case(
        "text/word2vec",
        (*TINY, "--data.output=hierarchical_softmax", "--method.architecture=cbow"),
    )
}

VOCABULARY, LENGTH, BLOCK, WINDOW, K = 12, 16, 8, 3, 4


def small(architecture="skip_gram", output="negative_sampling", **kwargs):
    keras.utils.set_random_seed(0)
    method = Word2Vec(word_encoder(VOCABULARY, 6), architecture, output, WINDOW, **kwargs)
    rng = np.random.default_rng(1)
    method.set_weights([rng.normal(size=w.shape).astype("float32") for w in method.get_weights()])
    return method


def batch_of(rows=3, padding=3, noise=K, seed=0):
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, VOCABULARY, (rows, LENGTH)).astype("int32")
    sentences = 1 + np.cumsum(rng.random((rows, LENGTH)) < 0.2, axis=1, dtype="int32")
    ids[1:, LENGTH - padding :] = sentences[1:, LENGTH - padding :] = 0
    return {
        "token_ids": ids,
        "padding_mask": (sentences > 0).astype("int32"),
        "sentences": sentences,
        "radius": rng.integers(1, WINDOW + 1, (rows, LENGTH)).astype("int32"),
        "negatives": rng.integers(1, VOCABULARY, (rows, LENGTH // BLOCK, noise)).astype("int32"),
    }


def with_tree(batch, counts):
    nodes, signs = huffman_paths(counts)
    shape = (len(batch["token_ids"]), LENGTH // BLOCK, BLOCK, nodes.shape[1])
    there = batch["padding_mask"][..., None]
    return {
        **{name: x for name, x in batch.items() if name != "negatives"},
        "nodes": nodes[batch["token_ids"]].reshape(shape),
        "signs": (there * signs[batch["token_ids"]]).reshape(shape).astype("float32"),
    }


def windows(batch):
    """Yields row, place and the places around it, as the paper draws them."""
    for row, sentences in enumerate(batch["sentences"]):
        for place in np.flatnonzero(sentences):
            reach = batch["radius"][row, place]
            around = [
                other
                for other in range(max(0, place - reach), min(LENGTH, place + reach + 1))
                if other != place and sentences[other] == sentences[place]
            ]
            if around:
                yield row, place, around


def cost(x):
    return np.log1p(np.exp(-x))


def textbook(method, batch, architecture):
    """The mean of the papers' loss, one pair and one word of noise at a time."""
    v, u = (np.asarray(x, "float64") for x in method.get_weights())
    total = pairs = 0.0
    for row, place, around in windows(batch):
        ids = batch["token_ids"][row]
        if architecture == "cbow":
            asked = [(v[ids[around]].mean(axis=0), place)]
        elif "nodes" in batch:
            asked = [(v[ids[other]], place) for other in around]
        else:
            asked = [(v[ids[place]], other) for other in around]
        for hidden, target in asked:
            total += of_pair(u, hidden, ids[target], batch, row, place, method.negatives)
            pairs += 1
    return total / pairs


def of_pair(u, hidden, target, batch, row, place, k):
    if "nodes" in batch:
        nodes, signs = (
            batch[name][row, place // BLOCK, place % BLOCK] for name in ("nodes", "signs")
        )
        return sum(cost(s * (u[n] @ hidden)) for n, s in zip(nodes, signs, strict=True) if s)
    noise = batch["negatives"][row, place // BLOCK]
    others = [cost(-(u[n] @ hidden)) for n in noise if n != target]
    return cost(u[target] @ hidden) + k / len(noise) * sum(others)


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


@pytest.mark.parametrize("architecture", ["skip_gram", "cbow"])
@pytest.mark.parametrize("output", ["negative_sampling", "hierarchical_softmax"])
def test_the_loss_is_the_papers_pair_by_pair(architecture, output):
    method, batch = small(architecture, output), batch_of()
    if output == "hierarchical_softmax":
        batch = with_tree(batch, np.arange(1, VOCABULARY + 1))
    assert_close(loss_of(method, batch), textbook(method, batch, architecture), SUM)


@pytest.mark.parametrize("architecture", ["skip_gram", "cbow"])
@pytest.mark.parametrize("k", [1, 5])
def test_an_untrained_pair_costs_ln_2_and_as_much_for_each_word_of_noise(architecture, k):
    method = Word2Vec(word_encoder(VOCABULARY, 6), architecture, window=WINDOW, negatives=k)
    batch = batch_of()
    batch["negatives"][:] = 0  # no word of the text
    assert_close(loss_of(method, batch), (k + 1) * np.log(2), ROUNDING)


def test_noise_that_is_the_true_word_does_not_count():
    method = Word2Vec(word_encoder(VOCABULARY, 6), window=WINDOW)
    batch = batch_of()
    batch["token_ids"] *= 0
    batch["token_ids"] += 3
    batch["negatives"][:] = 3
    assert_close(loss_of(method, batch), np.log(2), ROUNDING)


def test_gradients_are_those_by_hand_and_only_of_rows_that_occur():
    method = small(negatives=2)
    batch = batch_of(rows=1, padding=0, noise=2)
    batch["sentences"][0, 2:] = batch["token_ids"][0, 2:] = 0
    batch["token_ids"][0, :2] = 1, 2
    batch["negatives"][:] = 0
    batch["negatives"][0, 0] = 4, 5
    with tf.GradientTape() as tape:
        loss = method.compute_loss(x=batch, y_pred=method(batch), training=True)
    slices = tape.gradient(loss, [w.value for w in method.trainable_weights])
    assert all(isinstance(s, tf.IndexedSlices) for s in slices)
    words, outputs = (tf.convert_to_tensor(s).numpy() for s in slices)
    v, u = (np.asarray(x, "float64") for x in method.get_weights())

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    by_hand = (sigmoid(u[2] @ v[1]) - 1) * u[2] + sum(sigmoid(u[n] @ v[1]) * u[n] for n in (4, 5))
    assert_close(words[1], by_hand / 2, NETWORK)  # the mean of two pairs
    assert_close(outputs[2], (sigmoid(u[2] @ v[1]) - 1) * v[1] / 2, NETWORK)
    assert_close(outputs[4], sum(sigmoid(u[4] @ v[w]) * v[w] for w in (1, 2)) / 2, NETWORK)
    assert not words[3:].any()
    assert not outputs[[3, *range(6, VOCABULARY)]].any()


def test_cbow_of_one_context_word_is_skip_gram():
    batch = batch_of(padding=0)
    batch["sentences"][:] = 1 + np.arange(LENGTH) // 2  # of two words each
    assert_close(loss_of(small("cbow"), batch), loss_of(small("skip_gram"), batch), SUM)


def test_cbow_does_not_know_the_order_of_the_context():
    method, batch = small("cbow"), batch_of(rows=1, padding=0)
    batch["sentences"][:] = 1
    batch["radius"][:] = 0
    batch["radius"][0, 4] = WINDOW
    moved = {**batch, "token_ids": batch["token_ids"].copy()}
    moved["token_ids"][0, [1, 2, 3, 5]] = batch["token_ids"][0, [5, 3, 1, 2]]
    assert_close(loss_of(method, moved), loss_of(method, batch), SUM)


@pytest.mark.parametrize("architecture", ["skip_gram", "cbow"])
def test_what_stands_in_the_padding_changes_no_loss(architecture):
    method, batch = small(architecture), batch_of()
    there = batch["padding_mask"] > 0
    other = {**batch, "token_ids": np.where(there, batch["token_ids"], 7)}
    assert_close(loss_of(method, other), loss_of(method, batch), SUM)


def test_the_tree_gives_probabilities_that_add_up_to_one():
    nodes, signs = huffman_paths(np.arange(1, VOCABULARY + 1))
    rng = np.random.default_rng(0)
    u, hidden = rng.normal(size=(VOCABULARY, 6)), rng.normal(size=6)
    steps = np.where(signs, 1 / (1 + np.exp(-signs * (u[nodes] @ hidden))), 1)
    assert_close(steps.prod(axis=1).sum(), 1.0, SUM, dtype="float32")


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_step_moves_the_rows_that_occur_and_no_other(jit_compile):
    method, batch = small(), batch_of(rows=1)
    method.compile(adagrad(method.trainable_variables, 0.1, 1e-6), jit_compile=jit_compile)
    before = method.get_weights()
    method.train_on_batch(batch)
    read = [set(batch["token_ids"].ravel()), set(batch["token_ids"].ravel())]
    read[1] |= set(batch["negatives"].ravel())
    for old, new, rows in zip(before, method.get_weights(), read, strict=True):
        assert set(np.flatnonzero((old != new).any(axis=1))) <= rows
        assert (old != new).any()


def topics(seed=0, sentences=3000):
    rng = np.random.default_rng(seed)
    words = [[f"{letter}{'abcdefghij'[i]}" for i in range(10)] for letter in "xy"]
    return "\n".join(" ".join(rng.choice(words[i % 2], 8)) + "." for i in range(sentences))


@pytest.mark.parametrize("architecture", ["skip_gram", "cbow"])
def test_words_of_one_topic_come_to_lie_together(architecture):
    keras.utils.set_random_seed(0)
    data = WordWindows([topics()], length=256, min_count=1, subsample=0, batch_size=4).prepare()
    encoder = word_encoder(len(data.tokenizer), 16)
    method = Word2Vec(encoder, architecture, window=data.window)
    method.compile(adagrad(method.trainable_variables, 0.1, 1e-9))
    history = method.fit(data.batches(), steps_per_epoch=40, epochs=2, verbose=0).history
    vectors = np.asarray(encoder.get_layer("token_embedding").embeddings)[1:]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first = np.array([word[0] == "x" for word in data.tokenizer.vocabulary[1:]])
    cosines = vectors @ vectors.T
    within = cosines[first][:, first].mean() + cosines[~first][:, ~first].mean()
    assert within / 2 - cosines[first][:, ~first].mean() > 0.5
    assert history["nats"][-1] < 0.9 * PAIR
    assert method.validate(data.on([topics(1, 400)]))["nats"] < 0.9 * PAIR


def test_an_encoder_without_a_table_of_words_is_refused():
    x = keras.Input((4,), name="token_ids")
    encoder = keras.Model({"token_ids": x}, {"features": x, "embedding": x})
    with pytest.raises(ValueError, match="token_embedding"):
        Word2Vec(encoder)
    with pytest.raises(ValueError, match="negatives"):
        Word2Vec(word_encoder(5, 4), negatives=0)
    with pytest.raises(ValueError, match="architecture"):
        Word2Vec(word_encoder(5, 4), architecture="glove")
