"""Generation with a cache against the plain way, and the samplers."""

import itertools

import keras
import numpy as np
import pytest
from keras_hub.samplers import (
    BeamSampler,
    GreedySampler,
    RandomSampler,
    TopKSampler,
    TopPSampler,
)

from mmssl.encoders import gpt_encoder
from mmssl.encoders.gpt import context_length
from mmssl.generation import TokenGenerator
from mmssl.methods.gpt import GPT
from tests.tolerances import NETWORK, assert_close

VOCABULARY, LENGTH, PAD, END = 12, 32, 0, 1


def small(positions="rotary"):
    keras.utils.set_random_seed(1)
    encoder = gpt_encoder(VOCABULARY, LENGTH, 16, 2, 2, 32, positions=positions)
    encoder.set_weights([20 * w if w.ndim > 1 else w for w in encoder.get_weights()])
    return GPT(encoder)


@pytest.fixture(scope="module")
def method():
    return small()


def favor(method, token, amount=1000.0):
    """Makes a token the likeliest everywhere."""
    width = method.token_embedding.output_dim
    table = np.array(method.token_embedding.embeddings)
    table[token] = amount / width
    method.token_embedding.embeddings.assign(table)
    method.encoder.get_layer("norm").beta.assign(np.ones(width))
    return method


def uncached(method, ids):
    """Logits of the next token, from a pass over all of the text."""
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    return np.array(method.logits(method.encoder(inputs)["features"][:, -1]))


PROMPTS = np.array([[3, 5, 7, 2, 9], [4, 4, 10, 6, 8]], "int32")


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_greedy_tokens_are_those_of_the_plain_way(positions):
    method = small(positions)
    generator = TokenGenerator(method, GreedySampler(), END, banned=[PAD, END])
    ids = PROMPTS
    for _ in range(LENGTH - 5):
        logits = uncached(method, ids)
        logits[:, [PAD, END]] = -np.inf
        ids = np.concatenate([ids, logits.argmax(-1)[:, None].astype("int32")], axis=1)
    np.testing.assert_array_equal(generator(PROMPTS, LENGTH - 5), ids)
    np.testing.assert_array_equal(generator(PROMPTS[:1], 3), ids[:1, :8])


@pytest.mark.parametrize(
    "sampler",
    [
        lambda: GreedySampler(),
        lambda: RandomSampler(seed=3, temperature=2.0),
        lambda: TopKSampler(4, seed=3),
        lambda: TopPSampler(0.9, seed=3),
        lambda: BeamSampler(3),
    ],
)
def test_padding_is_never_drawn_and_the_prompt_stays(sampler):
    method = favor(small(), PAD)
    found = np.asarray(TokenGenerator(method, sampler(), END, banned=[PAD, END])(PROMPTS, 20))
    assert found.shape == (2, 25)
    np.testing.assert_array_equal(found[:, :5], PROMPTS)
    assert found.min() > END
    assert found.max() < VOCABULARY
    # Without the ban it is nothing but padding.
    plain = np.asarray(TokenGenerator(method, sampler(), END)(PROMPTS, 4))
    assert not plain[:, 5:].any()


def test_text_stops_at_its_end(method):
    generator = TokenGenerator(favor(small(), END), GreedySampler(), END, banned=[PAD])
    found = np.asarray(generator(PROMPTS, 6))
    np.testing.assert_array_equal(found[:, 5], END)
    assert not (found[:, 6:] > END).any()
    # An end in the prompt is none: it begins a document.
    started = np.array([[END, 4]], "int32")
    going = np.asarray(TokenGenerator(method, GreedySampler(), END, [PAD, END])(started, 6))
    assert going[0, 2:].min() > END


def test_the_seed_settles_what_is_drawn(method):
    def drawn(seed):
        return np.asarray(TokenGenerator(method, RandomSampler(seed), END, [PAD])(PROMPTS, 20))

    np.testing.assert_array_equal(drawn(3), drawn(3))
    assert (drawn(3) != drawn(4)).any()


def test_as_many_beams_as_tokens_find_the_likeliest_pair(method):
    prompt = PROMPTS[:1]
    beams = BeamSampler(VOCABULARY, return_all_beams=True)
    generator = TokenGenerator(method, beams, END, banned=[PAD])
    found, scores = (np.asarray(x)[0] for x in generator(prompt, 2))

    def log_probabilities(ids):
        logits = uncached(method, ids)[0]
        logits[PAD] = -np.inf
        return logits - np.log(np.exp(logits).sum())

    first = log_probabilities(prompt)
    likelihood = {(END, END): first[END]}
    for one, two in itertools.product(range(2, VOCABULARY), range(1, VOCABULARY)):
        longer = np.append(prompt, [[one]], axis=1).astype("int32")
        likelihood[one, two] = first[one] + log_probabilities(longer)[two]
    best = sorted(likelihood, key=likelihood.get, reverse=True)[:VOCABULARY]
    assert [tuple(row) for row in found[:, 5:]] == best
    assert_close(scores, [likelihood[pair] for pair in best], NETWORK)


def test_more_than_the_context_holds_is_refused(method):
    generator = TokenGenerator(method, GreedySampler(), END)
    with pytest.raises(ValueError, match=r"5 tokens, and 28 more .* at most 27"):
        generator(PROMPTS, 28)
    with pytest.raises(ValueError, match=r"1 token or more"):
        generator(PROMPTS[:, :0], 4)
    with pytest.raises(ValueError, match=r"tokens must be 1 or more"):
        generator(PROMPTS, 0)


def test_an_adapted_model_which_keeps_no_keys_is_refused():
    tokens = {"token_ids": keras.Input((None,), dtype="int32", name="token_ids")}
    tokens["padding_mask"] = keras.Input((None,), dtype="int32", name="padding_mask")
    features = keras.layers.Embedding(VOCABULARY, 8, name="token_embedding")(tokens["token_ids"])
    foreign = keras.Model(tokens, {"features": features}, name="foreign")
    with pytest.raises(ValueError, match="foreign has no blocks"):
        context_length(foreign)
