import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import DualGRU, gated_step
from mmssl.layers.recurrent import gated_recurrence
from tests.tolerances import NETWORK, SUM, assert_close

UNITS = 6


def layer():
    keras.utils.set_random_seed(0)
    gru = DualGRU(UNITS)
    gru.build([(None, None), (None, None)])
    return gru


def random_bytes(rows=2, length=12):
    return np.random.default_rng(0).integers(0, 256, (2, rows, length)).astype("int32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_the_paper(gru, coarse, fine):
    """The equations of section 2, one matrix a gate, with the masked input matrix written out."""
    half = UNITS // 2
    recurrent = np.split(gru.recurrent.numpy().astype("float64"), 3, axis=1)
    present = np.zeros((3, UNITS))
    present[:, half:] = gru.present.numpy()[0]
    past = gru.past.numpy().astype("float64").reshape(2, 3, UNITS)
    bias = gru.bias.numpy().reshape(3, UNITS)
    h, states = np.zeros((len(coarse), UNITS)), []
    before = np.full(len(coarse), 128), np.zeros(len(coarse))
    for c, f in zip(coarse.T, fine.T, strict=True):
        x = np.stack([*before, c], axis=1) / 127.5 - 1
        inputs = [x @ np.stack([*past[:, gate], present[gate]]) + bias[gate] for gate in range(3)]
        u = sigmoid(h @ recurrent[0] + inputs[0])
        r = sigmoid(h @ recurrent[1] + inputs[1])
        e = np.tanh(r * (h @ recurrent[2]) + inputs[2])
        h, before = u * h + (1 - u) * e, (c, f)
        states.append(h)
    return np.stack(states, axis=1)


def test_states_are_those_of_the_papers_equations():
    gru, codes = layer(), random_bytes()
    assert_close(gru(list(codes)), by_the_paper(gru, *codes), NETWORK)


def test_the_gradient_is_that_of_the_steps_one_by_one():
    draw = np.random.default_rng(0)
    inputs, recurrent, weights = (
        tf.constant(draw.normal(size=shape), tf.float32)
        for shape in ((3, 7, 12), (4, 12), (3, 7, 4))
    )

    def one_by_one(inputs, recurrent):
        state, states = tf.zeros((3, 4)), []
        for now in tf.unstack(inputs, axis=1):
            products = tf.reshape(state @ recurrent, (3, 3, 4))
            state = gated_step(tf.reshape(now, (3, 3, 4)), products, state)
            states.append(state)
        return tf.stack(states, axis=1)

    found = []
    for run in (one_by_one, gated_recurrence):
        with tf.GradientTape() as tape:
            tape.watch([inputs, recurrent])
            total = tf.reduce_sum(weights * run(inputs, recurrent))
        found.append(tape.gradient(total, [inputs, recurrent]))
    for expected, got in zip(*found, strict=True):
        assert_close(got, expected, NETWORK)


def test_steps_of_both_halves_make_the_states():
    gru, (coarse, fine) = layer(), random_bytes()
    states, state = np.asarray(gru([coarse, fine])), np.zeros((2, UNITS), "float32")
    before = np.full(2, 128), np.zeros(2, "int32")
    for place in range(coarse.shape[1]):
        first, (inputs, products, half) = gru.halves(*before, state)
        second = gated_step(inputs + gru.from_present(coarse[:, place]), products, half)
        state = np.concatenate([gated_step(*first), second], axis=-1)
        assert_close(state, states[:, place], SUM)
        before = coarse[:, place], fine[:, place]


def test_fine_states_of_the_bytes_that_were_are_the_states():
    gru, (coarse, fine) = layer(), random_bytes()
    states = np.asarray(gru([coarse, fine]))
    found = np.asarray(gru.fine_states(coarse, fine, states, coarse))
    assert_close(found, states[..., UNITS // 2 :], SUM)
    assert (np.asarray(gru.fine_states(coarse, fine, states, 255 - coarse)) != found).any()


def test_a_fine_byte_begins_as_a_256th_of_a_coarse_one():
    past = layer().past.numpy()
    assert_close(256 * past[1], past[0], SUM)
    assert np.abs(past[0]).max() / np.abs(past[0]).min() > 100


def test_an_odd_number_of_units_is_refused():
    with pytest.raises(ValueError, match=r"units=\.\.\.\) must be even"):
        DualGRU(5)
