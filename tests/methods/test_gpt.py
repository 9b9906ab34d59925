"""GPT's loss against the textbook, its one shift, and what it learns of a language with a floor."""

import keras
import numpy as np
import pytest

from mmssl.encoders import gpt_encoder
from mmssl.methods.gpt import GPT
from mmssl.optimizers import adamw, warmup_cosine
from mmssl.pipelines.text import TokenBlocks
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.contract.sizes import TINY_TEXT
from tests.tolerances import ROUNDING, SUM, assert_close

CASE = Case(
    "text/gpt",
    (*TINY_TEXT, "--method.encoder.dropout=0.1"),
    still=("--method.encoder.dropout=0",),
    initial_loss=(np.log(400) + 0.02**2 * 32 / 2, 0.05),
    **ON_NOVELS,
)

VOCABULARY, LENGTH = 30, 12


def small(**kwargs):
    return GPT(gpt_encoder(VOCABULARY, LENGTH, 16, 2, 2, 32, dropout=0.0, **kwargs))


def batch_of(rows=4, padding=0, seed=0):
    ids = np.random.default_rng(seed).integers(2, VOCABULARY, (rows, LENGTH + 1)).astype("int32")
    mask = np.ones_like(ids)
    if padding:
        ids[1:, -padding:] = mask[1:, -padding:] = 0
    return {"token_ids": ids, "padding_mask": mask}


def textbook(method, batch):
    """The mean of -log p(x_t | what is before t), a row and a token at a time."""
    table = np.asarray(method.token_embedding.embeddings, "float64")
    total = count = 0.0
    for ids, mask in zip(batch["token_ids"], batch["padding_mask"], strict=True):
        ids = ids[: mask.sum()]
        for t in range(1, len(ids)):
            seen = {"token_ids": ids[None, :t], "padding_mask": np.ones((1, t), "int32")}
            last = np.asarray(method.encoder(seen)["features"], "float64")[0, -1]
            scores = table @ last
            total -= scores[ids[t]] - np.log(np.exp(scores).sum())
            count += 1
    return total / count


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


@pytest.mark.parametrize("positions", ["learned", "rotary"])
@pytest.mark.parametrize("padding", [0, 5])
def test_the_loss_is_the_textbooks_with_one_shift(positions, padding):
    method, batch = small(positions=positions), batch_of(padding=padding)
    method.set_weights([5 * w if w.ndim > 1 else w for w in method.get_weights()])
    assert_close(loss_of(method, batch), textbook(method, batch), SUM)


def test_what_stands_in_the_padding_changes_no_loss():
    method, batch = small(), batch_of(padding=5)
    other = {**batch, "token_ids": np.where(batch["padding_mask"] > 0, batch["token_ids"], 7)}
    assert_close(loss_of(method, batch), loss_of(method, other), SUM)


def test_an_untrained_model_begins_at_the_logarithm_of_the_vocabulary():
    width = 64
    method = GPT(gpt_encoder(2000, LENGTH, width, 2, 2, 32, dropout=0.0))
    # Features of unit variance by a table of deviation 0.02 give logits of variance s^2.
    expected = np.log(2000) + 0.02**2 * width / 2
    assert loss_of(method, batch_of(64)) == pytest.approx(expected, abs=0.03)


@pytest.mark.bfloat16
def test_logits_are_tied_to_the_table_and_in_full_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    method = small()
    logits = method(batch_of())
    assert logits.dtype == "float32"
    assert logits.shape == (4, LENGTH, VOCABULARY)
    assert sum("embedding" in weight.path for weight in method.trainable_variables) == 2


def test_dropout_acts_in_training_alone():
    method, batch = GPT(gpt_encoder(VOCABULARY, LENGTH, 16, 2, 2, 32, dropout=0.3)), batch_of()
    np.testing.assert_array_equal(method(batch), method(batch))
    drawn = [np.asarray(method(batch, training=True)) for _ in range(2)]
    assert np.abs(drawn[0] - drawn[1]).max() > 0


def test_an_encoder_without_a_token_table_is_refused():
    x = keras.Input((4,), name="token_ids")
    encoder = keras.Model({"token_ids": x}, {"features": x, "embedding": x})
    with pytest.raises(ValueError, match="token_embedding"):
        GPT(encoder)


def markov_text(characters, seed):
    """Three letters, each of which stays with probability 0.8: 0.6390 nats a letter."""
    rng = np.random.default_rng(seed)
    moves = np.where(rng.random(characters) < 0.8, 0, rng.integers(1, 3, characters))
    return "".join("abc"[i] for i in np.cumsum(moves) % 3), np.mean(moves[1:] > 0)


@pytest.fixture(scope="module")
def markov():
    """A model trained on the chain, and its pipeline."""
    keras.utils.set_random_seed(0)
    text, _ = markov_text(60000, 0)
    data = TokenBlocks([text], length=32, vocabulary_size=258, batch_size=32)
    data.prepare()
    method = GPT(
        gpt_encoder(258, 32, 32, 1, 2, 64, dropout=0.0, positions="rotary"),
    )
    rate = warmup_cosine(5e-3, 20, 200)
    method.compile(adamw(method.trainable_variables, rate, 0.01, clip_norm=1.0))
    method.fit(data.batches(), steps_per_epoch=200, verbose=0)
    return method, data


def test_a_language_with_a_known_entropy_is_learned_to_its_floor_and_not_below(markov):
    method, data = markov
    text, moved = markov_text(20000, 1)
    floor = -(1 - moved) * np.log(0.8) - moved * np.log(0.1)
    assert floor == pytest.approx(0.639, abs=0.02)
    held_out = method.validate(data.on([text]))
    nats = held_out["bits_per_character"] * np.log(2)
    assert floor - 0.002 < nats < floor + 0.02
    assert_close(np.log(held_out["perplexity"]), nats, ROUNDING)
    assert method.validate(data.on([text])) == held_out


def test_held_out_text_counts_every_token_of_every_document_once(markov):
    method, data = markov
    texts = ["abcc" * 5, "b" * 70, "cab"]
    nats = 0.0
    for (ids,) in (data.tokenizer.ids([text]) for text in texts):
        ids = np.concatenate([[1], ids]).astype("int32")
        for first in range(0, max(1, len(ids) - 1 - 32 + 16), 16):
            seen = ids[None, first : first + 33]
            batch = {"token_ids": seen, "padding_mask": np.ones_like(seen)}
            scores = np.asarray(method(batch), "float64")[0]
            scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
            found = scores[np.arange(len(scores)), seen[0, 1:]]
            nats -= found[16 if first else 0 :].sum()
    held_out = method.validate(data.on(texts))
    assert_close(held_out["bits_per_character"], nats / np.log(2) / 93, SUM)


def test_held_out_text_is_read_in_a_graph(markov, monkeypatch):
    method, data = markov
    calls, call = [], GPT.call
    monkeypatch.setattr(GPT, "call", lambda self, *given: calls.append(1) or call(self, *given))
    fresh = GPT(method.encoder)
    fresh.validate(data.on(["abc" * 3000]))
    assert 1 <= len(calls) <= 2
