"""Cached decoding against the whole forward pass, and beam search against all sequences."""

import itertools

import numpy as np
import pytest
from keras_hub.samplers import BeamSampler, GreedySampler

from mmssl.encoders import bart_encoder, t5_encoder
from mmssl.generation.sequence_generator import SequenceGenerator
from mmssl.methods import BART, T5
from tests.tolerances import SUM, assert_close

VOCABULARY, END = 7, 3
METHODS = {
    "t5": lambda: T5(t5_encoder(VOCABULARY, 16, 2, 2, 32), 2, 2, 32),
    "bart": lambda: BART(bart_encoder(VOCABULARY, 12, 16, 2, 2, 32), 12, 2, 2, 32),
}
TEXTS = {
    "token_ids": np.array([[4, 5, 6, 2], [5, 2, 0, 0]], "int32"),
    "padding_mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0]], "int32"),
}


@pytest.fixture(params=METHODS)
def method(request):
    made = METHODS[request.param]()
    made.set_weights([3 * w if w.ndim > 1 else w for w in made.get_weights()])
    return made


def log_probabilities(method, texts, answers):
    """Of every token of the answers, (B, L), by the whole forward pass."""
    batch = {**texts, "target_ids": answers, "target_mask": np.ones_like(answers)}
    scores = np.asarray(method(batch), "float64")
    scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return np.take_along_axis(scores, answers[..., None], axis=-1)[..., 0]


def test_greedy_answers_are_the_likeliest_tokens_of_the_whole_forward_pass(method):
    written = np.asarray(SequenceGenerator(method, GreedySampler(), [VOCABULARY])(TEXTS, 8))
    assert (written[:, 0] == method.start).all()
    batch = {**TEXTS, "target_ids": written[:, 1:], "target_mask": np.ones((2, 8), "int32")}
    np.testing.assert_array_equal(np.argmax(method(batch), axis=-1), written[:, 1:])


def test_features_with_a_cache_are_those_without(method):
    memory, mask = method.encode(TEXTS)["features"], TEXTS["padding_mask"]
    ids = np.array([[1, 4, 6, 5, 2], [6, 6, 5, 1, 4]], "int32")
    whole = method.decoder(ids, memory, mask)
    read, cache = method.decoder.read(memory), method.decoder.empty_cache(2, 9)
    parts, index = [], 0
    for size in (2, 1, 2):
        part, cache = method.decoder(
            ids[:, index : index + size], read, mask, cache=cache, index=index
        )
        parts.append(part)
        index += size
    assert_close(np.concatenate(parts, axis=1), whole, SUM)


def test_as_many_beams_as_there_are_texts_find_the_likeliest_one(method):
    length, end = 2, VOCABULARY  # that is never written
    sampler = BeamSampler(VOCABULARY, return_all_beams=True)
    texts = {name: x[:1] for name, x in TEXTS.items()}
    found, chances = SequenceGenerator(method, sampler, [end])(texts, length)
    every = np.array(list(itertools.product(range(VOCABULARY), repeat=length)), "int32")
    repeated = {name: np.repeat(x, len(every), axis=0) for name, x in texts.items()}
    likelihoods = log_probabilities(method, repeated, every).sum(axis=1)
    assert tuple(np.asarray(found)[0, 0, 1:]) == tuple(every[likelihoods.argmax()])
    assert_close(np.asarray(chances)[0, 0], likelihoods.max(), SUM)


def test_an_answer_ends_at_its_end_and_never_has_what_is_banned(method):
    banned = [token for token in range(VOCABULARY) if token not in (END, 5)]
    written = np.asarray(SequenceGenerator(method, GreedySampler(), [END], banned)(TEXTS, 9))
    assert set(written[:, 1:].ravel()) <= {0, END, 5}


def test_an_answer_may_end_at_any_of_several_tokens(method):
    likeliest = int(np.asarray(SequenceGenerator(method, GreedySampler(), [END])(TEXTS, 1))[0, 1])
    written = SequenceGenerator(method, GreedySampler(), [END, likeliest])(TEXTS, 5)
    assert set(np.asarray(written)[0, 2:]) <= {END, 0}


def test_answers_begin_with_what_is_given(method):
    written = SequenceGenerator(method, GreedySampler(), [VOCABULARY])(TEXTS, 3, begin=[6, 2])
    np.testing.assert_array_equal(np.asarray(written)[:, 1:3], [[6, 2], [6, 2]])
