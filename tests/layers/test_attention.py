import keras
import numpy as np
import pytest
from scipy.special import softmax

from mmssl.layers import SelfAttention
from tests.tolerances import ROUNDING, SUM, assert_close

ROWS, LENGTH, HEADS, EACH = 2, 5, 2, 4


def split(x):
    return x.reshape(ROWS, LENGTH, HEADS, EACH).transpose(0, 2, 1, 3)


def test_attention_is_the_papers_formula_head_by_head_over_what_may_be_seen():
    keras.utils.set_random_seed(0)
    draw, layer = np.random.default_rng(0), SelfAttention(HEADS)
    x = draw.normal(size=(ROWS, LENGTH, HEADS * EACH)).astype("float32")
    visible = np.tril(np.ones((1, LENGTH, LENGTH), bool))
    found = layer(x, visible)
    project, join = layer.project, layer.join
    query, key, value = map(split, np.split(np.asarray(project(x), "float64"), 3, axis=-1))
    scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(EACH)
    seen = softmax(np.where(visible[:, None], scores, -np.inf), axis=-1) @ value
    joined = seen.transpose(0, 2, 1, 3).reshape(x.shape)
    assert_close(found, joined @ np.asarray(join.kernel) + np.asarray(join.bias), SUM)


def masks():
    causal = np.tril(np.ones((1, LENGTH, LENGTH), bool))
    padding = np.array([[[1, 1, 1, 0, 0]], [[0, 0, 0, 0, 0]]], bool)  # of the second row, all
    return {"none": None, "causal": causal, "padding": padding}


@pytest.mark.parametrize(
    "policy", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.bfloat16)]
)
@pytest.mark.parametrize("mask", masks())
@pytest.mark.parametrize("cached", [False, True])
def test_flash_attention_sees_what_the_formula_sees(monkeypatch, policy, mask, cached):
    layer, visible = SelfAttention(HEADS, rotary=True, dtype=policy), masks()[mask]
    x = np.random.default_rng(0).normal(size=(ROWS, LENGTH, HEADS * EACH)).astype("float32")
    pair = [keras.ops.ones((ROWS, HEADS, LENGTH, EACH), layer.compute_dtype)] * 2
    cache = {"cache": pair} if cached else {}
    expected = layer(x, visible, **cache)
    called = []
    kept = keras.ops.dot_product_attention

    def counted(*args, **kwargs):
        called.append(args)
        return kept(*args, **kwargs)

    monkeypatch.setattr("mmssl.layers.attention.FLASH", True)
    monkeypatch.setattr("keras.ops.dot_product_attention", counted)
    found = layer(x, visible, **cache)
    assert len(called) == 1
    pairs = zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True)
    for one, other in pairs:
        one, other = (keras.ops.cast(tensor, "float32") for tensor in (one, other))
        assert_close(one, other, ROUNDING, dtype=layer.compute_dtype)


def test_what_flash_attention_cannot_do_is_computed_by_the_formula(monkeypatch):
    monkeypatch.setattr("mmssl.layers.attention.FLASH", True)
    monkeypatch.delattr("keras.ops.dot_product_attention")
    x = np.ones((ROWS, LENGTH, HEADS * EACH), "float32")
    SelfAttention(HEADS)(x, bias=np.zeros((1, HEADS, LENGTH, LENGTH), "float32"))
    SelfAttention(HEADS, dropout=0.5)(x, training=True)
