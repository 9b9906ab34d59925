"""Codes for captions from DALL-E: cached equals uncached under every pattern, and seeds."""

import keras
import numpy as np
import pytest

from mmssl.encoders import dalle_encoder
from mmssl.generation.dalle_sampler import DALLESampler
from mmssl.methods.dalle import DALLE

VOCABULARY, LENGTH, ENTRIES, SHAPE = 11, 4, 7, (3, 4)
IDS = np.array([[3, 5, 2, 0], [4, 9, 0, 0]], "int32")
MASK = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], "int32")


def method_of(**patterns):
    keras.utils.set_random_seed(0)
    method = DALLE(dalle_encoder(VOCABULARY, LENGTH, ENTRIES, SHAPE, 8, 2, 2, 16, **patterns))
    method.encoder.set_weights([3 * w if w.ndim > 1 else w for w in method.encoder.get_weights()])
    head = method.heads["image"]
    head.kernel.assign(3 * np.random.default_rng(0).normal(size=head.kernel.shape))
    return method


@pytest.mark.parametrize("pattern", ["dense", "row", "column", "convolution"])
def test_the_likeliest_codes_are_those_of_a_pass_over_the_whole_sequence(pattern):
    method = method_of(patterns=(pattern,), last_pattern=pattern, kernel=3)
    codes = DALLESampler(method).codes(IDS, MASK, temperature=0)
    assert codes.shape == (2, *SHAPE)
    logits = method({"token_ids": IDS, "padding_mask": MASK, "codes": codes})["image"]
    likeliest = np.asarray(logits).argmax(axis=-1)
    np.testing.assert_array_equal(codes.reshape(2, -1), likeliest)
    assert len(np.unique(codes)) > 2


def test_the_seed_settles_codes_all_of_which_are_legal():
    sampler = DALLESampler(method_of())
    ids, mask = np.repeat(IDS, 8, axis=0), np.repeat(MASK, 8, axis=0)
    first, again, other = (sampler.codes(ids, mask, seed, 1.5) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert set(np.unique(first)) == set(range(ENTRIES))
