"""Sampling of codes: cached as uncached, in windows, with a level above."""

import keras
import numpy as np
import pytest

from mmssl.encoders import code_transformer
from mmssl.generation.code_sampler import CodeSampler, window_starts
from mmssl.methods.code_prior import CodePrior
from tests.tolerances import NETWORK, assert_close

LENGTH = 8


def prior(**options):
    keras.utils.set_random_seed(0)
    sizes = {"width": 8, "depth": 1, "num_heads": 2, "mlp_dim": 8, **options}
    method = CodePrior(code_transformer(5, (LENGTH,), **sizes))
    kernel = method.logits.kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


ABOVE = {"upper_shape": (4,), "conditioner_width": 4, "conditioner_depth": 2}


def codes_of(rows=2, length=LENGTH, entries=5):
    return np.random.default_rng(1).integers(0, entries, (rows, length), "int32")


@pytest.mark.parametrize("attention", ["dense", "factored"])
def test_cached_logits_are_those_of_the_whole_network(attention):
    method = prior(attention=attention, row=4, depth=3, labels=(3, 2), **ABOVE)
    codes, upper, labels = codes_of(), codes_of(length=4, entries=3), np.int32([[1, 0], [2, 1]])
    whole = np.asarray(method({"codes": codes, "upper_codes": upper, "labels": labels}))
    sampler = CodeSampler(method)
    before, after = sampler.conditions(2, upper, labels)
    state, known = sampler.start(2), np.pad(codes, ((0, 0), (1, 0)), constant_values=5)
    for place in range(LENGTH):
        now = [before[:, place], after[:, place]]
        logits, *state = sampler.step(known[:, place], *state, now)
        assert_close(logits, whole[:, place], NETWORK)


def test_the_likeliest_codes_follow_from_the_whole_network_in_every_window():
    method = prior()
    sampler, prompt = CodeSampler(method), codes_of(length=3)
    drawn = sampler.generate(prompt, 14, hop_fraction=0.5, temperature=0)
    np.testing.assert_array_equal(drawn[:, :3], prompt)
    starts = window_starts(14, LENGTH, 4)
    assert starts == [0, 4, 6]
    known = 3
    for first in starts:
        window = drawn[:, first : first + LENGTH]
        likeliest = np.asarray(method({"codes": window})).argmax(axis=-1)
        np.testing.assert_array_equal(window[:, known - first :], likeliest[:, known - first :])
        known = first + LENGTH


def test_a_seed_settles_the_codes_and_windows_have_draws_of_their_own():
    sampler, start = CodeSampler(prior()), codes_of(length=0)
    first, again, other = (sampler.generate(start, 16, hop_fraction=1, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first[:, :8] != first[:, 8:]).any()


def test_each_window_is_given_the_codes_above_its_own_places():
    method = prior(**ABOVE)
    sampler, upper = CodeSampler(method), codes_of(length=6, entries=3)
    drawn = sampler.generate(codes_of(length=0), 12, upper, hop_fraction=0.5, temperature=0)
    batch = {"codes": drawn[:, 4:], "upper_codes": upper[:, 2:]}
    likeliest = np.asarray(method(batch)).argmax(axis=-1)
    np.testing.assert_array_equal(drawn[:, 8:], likeliest[:, 4:])


def test_what_does_not_fit_is_refused():
    sampler, start = CodeSampler(prior(**ABOVE)), codes_of(length=0)
    with pytest.raises(ValueError, match="upper codes go with"):
        sampler.generate(start, 8)
    with pytest.raises(ValueError, match="upper must have 4"):
        sampler.generate(start, 8, codes_of(length=3, entries=3))
    with pytest.raises(ValueError, match="hop_fraction=0"):
        sampler.generate(start, 8, codes_of(length=4, entries=3), hop_fraction=0)
    with pytest.raises(ValueError, match="multiple of 2"):
        sampler.generate(start, 7, codes_of(length=4, entries=3))
