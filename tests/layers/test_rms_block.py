"""Image GPT's block against NumPy, with a cache and without, and the shift by a start."""

import keras
import numpy as np
import pytest

from mmssl.layers import RMSNormBlock, ShiftedByStart
from tests.tolerances import NETWORK, SUM, assert_close

HEADS, WIDTH, TOKENS = 2, 8, 5


def block_of(causal=True):
    keras.utils.set_random_seed(0)
    block = RMSNormBlock(HEADS, 16, causal, depth=2)
    block.build((None, None, WIDTH))
    block.set_weights(
        [w + 0.3 * np.random.default_rng(0).normal(size=w.shape) for w in block.get_weights()]
    )
    return block


def tokens():
    return np.random.default_rng(1).normal(size=(2, TOKENS, WIDTH)).astype("float32")


def normed(x, gain):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5) * gain


def textbook(block, x, causal):
    x = x.astype("float64")
    gain, project, join, second, expand, contract = (
        np.asarray(w, "float64")
        for w in (
            block.attention_norm.scale,
            block.attention.project.kernel,
            block.attention.join.kernel,
            block.feed_forward_norm.scale,
            block.expand.kernel,
            block.contract.kernel,
        )
    )
    parts = (normed(x, gain) @ project).reshape(2, TOKENS, 3, HEADS, -1)
    query, key, value = parts.transpose(2, 0, 3, 1, 4)
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(WIDTH / HEADS)
    if causal:
        scores = np.where(np.tri(TOKENS) > 0, scores, -np.inf)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    seen = (weights @ value).transpose(0, 2, 1, 3).reshape(2, TOKENS, WIDTH)
    x = x + seen @ join
    inner = normed(x, second) @ expand
    return x + inner / (1 + np.exp(-1.702 * inner)) @ contract


@pytest.mark.parametrize("causal", [True, False])
def test_the_block_is_the_formula_without_biases(causal):
    block, x = block_of(causal), tokens()
    assert_close(block(x), textbook(block, x, causal), NETWORK)
    assert len(block.trainable_weights) == 6


def test_token_by_token_with_a_cache_is_all_at_once():
    block, x = block_of(), tokens()
    shape = (2, HEADS, TOKENS, WIDTH // HEADS)
    cache, found = (np.zeros(shape, "float32"),) * 2, []
    for index in range(TOKENS):
        out, cache = block(x[:, index : index + 1], cache=cache, index=index)
        found.append(np.asarray(out))
    assert_close(np.concatenate(found, axis=1), block(x), SUM)


def test_a_start_comes_first_and_the_last_token_is_dropped():
    layer, x = ShiftedByStart(), tokens()
    found = np.asarray(layer(x))
    np.testing.assert_array_equal(found[:, 1:], x[:, :-1])
    np.testing.assert_array_equal(found[:, 0], np.stack(2 * [layer.start]))
