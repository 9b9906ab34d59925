import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.methods.bases import EMATeacher
from tests.tolerances import ROUNDING, SUM, assert_close


def student():
    inputs = keras.Input((3,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(4)(inputs))
    return keras.Model(inputs, hidden)


def shift(model, amount):
    model.set_weights([w + amount for w in model.get_weights()])


def test_a_teacher_is_built_where_no_variable_has_a_value():
    """As benchmarks/device_memory.py traces steps that no machine at hand could hold."""
    with tf.__internal__.FuncGraph("step").as_default(), keras.StatelessScope():
        assert EMATeacher(student()).model.count_params() > 0


def test_after_n_updates_the_weights_are_the_moving_average():
    model = student()
    teacher, expected = EMATeacher(model, 0.9), model.get_weights()
    for _ in range(5):
        shift(model, 1.0)
        teacher.update(model)
        expected = [0.9 * e + 0.1 * w for e, w in zip(expected, model.get_weights(), strict=True)]
    for got, want in zip(teacher.model.get_weights(), expected, strict=True):
        assert_close(got, want, SUM)


def test_the_weights_are_the_sum_that_the_docstring_writes_while_the_momentum_rises():
    model = student()
    teacher = EMATeacher(model, 0.5, 0.9, steps=3, ramp="linear")
    initial, momenta, weights = model.get_weights(), [], []
    for _ in range(5):
        shift(model, 1.0)
        momenta.append(float(teacher.current_momentum()))
        weights.append(model.get_weights())
        teacher.update(model)
    for index, got in enumerate(teacher.model.get_weights()):
        expected = np.prod(momenta) * initial[index] + sum(
            np.prod(momenta[i + 1 :]) * (1 - momenta[i]) * weights[i][index] for i in range(5)
        )
        assert_close(got, expected, SUM)


def test_the_momentum_goes_along_a_half_cosine_and_stays():
    teacher, model = EMATeacher(student(), 0.9, 1.0, steps=4), student()
    momenta = []
    for _ in range(7):
        momenta.append(float(teacher.current_momentum()))
        teacher.update(model)
    # The first update, of two equal models, does not count.
    counted = [0, 0, 1, 2, 3, 4, 4]
    expected = [1 - 0.1 * (np.cos(np.pi * n / 4) + 1) / 2 for n in counted]
    assert_close(momenta, expected, ROUNDING)


def test_the_momentum_waits_for_the_length_of_its_way():
    teacher, model = EMATeacher(student(), 0.9, 1.0), student()
    for _ in range(3):
        teacher.update(model)
        assert_close(teacher.current_momentum(), 0.9, ROUNDING)
    teacher.steps = 2
    assert_close(teacher.current_momentum(), 1.0, ROUNDING)


def test_the_momentum_goes_along_a_line_and_stays():
    teacher = EMATeacher(student(), 0.999, 0.9999, steps=30_000, ramp="linear")
    for counted, expected in ((0, 0.999), (15_000, 0.99945), (30_000, 0.9999), (40_000, 0.9999)):
        teacher.updates.assign(counted + 1)
        assert_close(teacher.current_momentum(), expected, ROUNDING)


def test_updates_at_the_start_of_a_step_equal_updates_after_it():
    model, after = student(), EMATeacher(student(), 0.5, 0.9, steps=3, ramp="linear")
    after.model.set_weights(model.get_weights())
    before = EMATeacher(model, 0.5, 0.9, steps=3, ramp="linear")
    after.updates.assign(1)  # counts from its first call on
    for _ in range(5):
        before.update(model)
        shift(model, 1.0)
        after.update(model)
    before.update(model)
    for got, want in zip(before.model.get_weights(), after.model.get_weights(), strict=True):
        assert_close(got, want, ROUNDING)


def test_a_training_that_ended_and_goes_on_follows_each_step_once():
    model = student()
    teacher, start = EMATeacher(model, 0.9), model.get_weights()
    teacher.update(model)
    shift(model, 1.0)
    teacher.finalize(model)
    teacher.finalize(model)
    teacher.update(model)
    assert int(teacher.updates) == 2
    for got, first in zip(teacher.model.get_weights(), start, strict=True):
        assert_close(got, first + 0.1, SUM)


def test_copied_layers_are_the_students():
    model = student()
    teacher = EMATeacher(model, 0.9, copied=[model.layers[1].name])
    before = teacher.model.get_weights()
    shift(model, 1.0)
    teacher.update(model)
    kernel, bias, *statistics = teacher.model.get_weights()
    np.testing.assert_array_equal(kernel, model.get_weights()[0])
    np.testing.assert_array_equal(bias, model.get_weights()[1])
    for got, start in zip(statistics, before[2:], strict=True):
        assert_close(got, start + 0.1, SUM)


def test_the_teacher_gives_no_gradient_and_has_nothing_to_train():
    model = student()
    teacher = EMATeacher(model)
    x = tf.Variable(np.ones((2, 3), "float32"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(teacher(x))
    assert tape.gradient(loss, x) is None
    assert teacher.trainable_variables == []


@pytest.mark.bfloat16
def test_a_slow_average_moves_under_mixed_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = student()
    teacher = EMATeacher(model, 0.9999)
    before = teacher.model.get_weights()[0]
    shift(model, 1.0)
    teacher.update(model)
    assert_close(teacher.model.get_weights()[0] - before, 1e-4, ROUNDING, scale=1)


def test_batch_statistics_are_used_in_training_mode_and_moving_ones_outside_it():
    model = student()
    teacher = EMATeacher(model)
    x = np.random.default_rng(0).normal(5, 2, (64, 3)).astype("float32")
    assert_close(np.mean(teacher(x, training=True), axis=0), 0, SUM, scale=1)
    assert np.abs(np.mean(teacher(x, training=False), axis=0)).max() > 0.1


def test_batch_statistics_may_be_the_teachers_own():
    model = student()
    teacher = EMATeacher(model, 0.5, statistics="own")
    start = teacher.model.get_weights()
    teacher.update(model)
    shift(model, 1.0)
    teacher.update(model)
    for got, first, variable in zip(teacher.model.get_weights(), start, model.weights, strict=True):
        assert_close(got, first + 0.5 * variable.trainable, SUM)
    teacher(np.full((4, 3), 2.0, "float32"), training=True)
    assert np.abs(teacher.model.get_weights()[-2] - start[-2]).max() > 0


def test_the_student_keeps_its_weights():
    model = student()
    before = model.get_weights()
    teacher = EMATeacher(model, 0.5)
    teacher.update(model)
    for got, want in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="momentum"):
        EMATeacher(student(), 1.5)
    with pytest.raises(ValueError, match="nowhere"):
        EMATeacher(student(), copied=["nowhere"])
