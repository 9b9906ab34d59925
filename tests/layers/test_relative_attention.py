"""Attention by distance against a loop over queries and keys."""

import keras
import numpy as np
import pytest

from mmssl.layers.relative_attention import RelativeAttention
from tests.tolerances import SUM, assert_close

WIDTH, HEADS = 8, 2


def layer():
    made = RelativeAttention(HEADS)
    made.build((None, None, WIDTH))
    rng = np.random.default_rng(0)
    made.set_weights([rng.normal(size=w.shape) for w in made.get_weights()])
    return made


def by_hand(made, x, content, visible, places):
    """A query and a key at a time."""
    kernels = {name: np.asarray(getattr(made, name).kernel, "float64") for name in NAMES}
    u, v = (np.asarray(b, "float64") for b in (made.content_bias, made.distance_bias))
    each, found = WIDTH // HEADS, np.zeros(x.shape)
    rates = 10000.0 ** (-np.arange(0, WIDTH, 2) / WIDTH)
    for row, i, head in np.ndindex(x.shape[0], x.shape[1], HEADS):
        part = slice(head * each, (head + 1) * each)
        query = (x[row, i] @ kernels["query"])[part]
        scores = []
        for j in range(content.shape[1]):
            angles = (places[row][i] - j) * rates
            wave = np.concatenate([np.sin(angles), np.cos(angles)]) @ kernels["distance"]
            key = (content[row, j] @ kernels["key"])[part]
            scores.append(((query + u[part]) @ key + (query + v[part]) @ wave[part]) / each**0.5)
        weights = np.exp(scores) * visible[row, i]
        if weights.sum():
            values = (content[row] @ kernels["value"])[:, part]
            found[row, i, part] = weights @ values / weights.sum()
    return found @ kernels["join"]


NAMES = ("query", "key", "value", "distance", "join")


@pytest.mark.parametrize("before", [0, 3])
def test_it_is_the_formula_at_every_query_and_key(before):
    made, rng = layer(), np.random.default_rng(1)
    content = rng.normal(size=(2, before + 5, WIDTH)).astype("float32")
    x = content[:, before:]
    visible = rng.random((2, 5, before + 5)) < 0.6
    places = np.tile(np.arange(before, before + 5), (2, 1))
    assert_close(made(x, content, visible), by_hand(made, x, content, visible, places), SUM)


def test_queries_at_any_place_are_those_of_the_formula():
    made, rng = layer(), np.random.default_rng(2)
    content = rng.normal(size=(2, 6, WIDTH)).astype("float32")
    x = rng.normal(size=(2, 3, WIDTH)).astype("float32")
    places = np.array([[5, 0, 2], [1, 1, 4]], "int32")
    visible = rng.random((2, 3, 6)) < 0.6
    found = made(x, content, visible, places)
    assert_close(found, by_hand(made, x, content, visible, places), SUM)


def test_a_query_that_sees_nothing_gets_zeros():
    made = layer()
    x = np.ones((1, 2, WIDTH), "float32")
    visible = np.array([[[False, False], [True, False]]])
    found = np.asarray(made(x, x, visible))
    assert (found[0, 0] == 0).all()
    assert (found[0, 1] != 0).any()


def test_texts_of_any_length_take_one_trace():
    made = layer()
    inputs = keras.Input((None, WIDTH))
    model = keras.Model(inputs, made(inputs, inputs, keras.ops.ones((1, 1, 1), "bool")))
    for length in (3, 7):
        assert model(np.ones((1, length, WIDTH), "float32")).shape == (1, length, WIDTH)
