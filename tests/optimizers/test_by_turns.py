import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.optimizers import TurnOptimizer
from mmssl.optimizers.build import adamw, momentum_sgd
from tests.tolerances import ROUNDING, assert_close

RATE = keras.optimizers.schedules.PolynomialDecay(0.1, 10, 0.01)


def make(kind, variables, rate=RATE):
    if kind == "adamw":
        return adamw(variables, rate, weight_decay=0.1)
    return momentum_sgd(variables, rate, weight_decay=0.1)


def three():
    draw = np.random.default_rng(0)
    return [keras.Variable(draw.normal(size=(3, 2)), name=f"kernel_{n}") for n in range(3)]


def gradients(step, part):
    draw = np.random.default_rng(step)
    found = [tf.constant(draw.normal(size=(3, 2)), tf.float32) for _ in range(3)]
    return [g if n in (0, part) else tf.zeros_like(g) for n, g in enumerate(found)]


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_a_part_moves_in_its_turns_as_if_there_were_no_others(kind):
    """At the learning rate of the step, corrected by the number of its own steps."""
    shared, *parts = variables = three()
    optimizer = TurnOptimizer(
        make(kind, [shared]), [(make(kind, [part]), [part]) for part in parts]
    )
    optimizer.build(variables)
    alone = three()
    single = [make(kind, [v], 0.0) for v in alone]
    for step, part in enumerate([1, 1, 2, 1, 2]):
        given, before = gradients(step, part), [v.numpy() for v in variables]
        for number in (0, part):
            single[number].learning_rate = RATE(step)
            single[number].apply([given[number]], [alone[number]])
        optimizer.apply(given, variables)
        resting = 3 - part
        np.testing.assert_array_equal(variables[resting], before[resting])
        for v, expected in zip(variables, alone, strict=True):
            assert_close(v, expected, ROUNDING)
    assert [int(o.iterations) for o in (optimizer, *optimizer.parts)] == [5, 3, 2]


def test_a_part_without_gradients_rests_and_what_is_kept_is_the_state_of_all():
    variables = three()
    pairs = [(make("adamw", [v]), [v]) for v in variables[1:]]
    optimizer = TurnOptimizer(make("adamw", variables[:1], 0.1), pairs)
    optimizer.build(variables)
    before = variables[2].numpy()
    given = gradients(0, 1)
    optimizer.apply([*given[:2], None], variables)
    np.testing.assert_array_equal(variables[2], before)
    assert len(optimizer.variables) == sum(len(o.variables) for o, _ in pairs) + len(
        optimizer.shared.variables
    )
    optimizer.learning_rate = 0.5
    assert float(optimizer.parts[0].learning_rate) == 0.5
