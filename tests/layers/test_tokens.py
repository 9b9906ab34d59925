import numpy as np
import pytest
import tensorflow as tf

from mmssl.layers import gather_tokens, scatter_tokens


@pytest.fixture
def sets():
    rng = np.random.default_rng(0)
    orders = rng.permuted(np.tile(np.arange(10), (3, 2, 1)), axis=-1).astype("int32")
    visible, masked = np.sort(orders[..., :4]), np.sort(orders[..., 4:])
    return rng.normal(size=(3, 10, 5)).astype("float32"), visible, masked


def test_pick_takes_the_lists_of_a_sequence_next_to_each_other(sets):
    x, visible, _ = sets
    expected = np.stack([x[row, visible[row, m]] for row in range(3) for m in range(2)])
    np.testing.assert_array_equal(gather_tokens(x, visible), expected)


def test_restore_undoes_pick(sets):
    x, visible, masked = sets
    whole = scatter_tokens(gather_tokens(x, visible), gather_tokens(x, masked), visible, masked)
    np.testing.assert_array_equal(whole, np.repeat(x, 2, axis=0))


def test_restore_undoes_pick_in_any_order(sets):
    x, visible, masked = sets
    visible, masked = visible[..., ::-1], masked[..., ::-1]
    whole = scatter_tokens(gather_tokens(x, visible), gather_tokens(x, masked), visible, masked)
    np.testing.assert_array_equal(whole, np.repeat(x, 2, axis=0))


def test_a_token_gets_the_gradients_of_all_its_copies(sets):
    x, visible, _ = sets
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(gather_tokens(x, visible))
    times = [[(visible[row] == place).sum() for place in range(10)] for row in range(3)]
    gradient = tf.convert_to_tensor(tape.gradient(loss, x))
    np.testing.assert_array_equal(gradient, np.repeat(times, 5, axis=-1).reshape(3, 10, 5))
