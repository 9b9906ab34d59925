import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from mmssl.losses.dino import dino_center, dino_loss
from tests.losses.contract import Case, LossContract
from tests.tolerances import ROUNDING, SUM, assert_close

# Four crops of eight pictures, two of them global.
CROPS = np.random.default_rng(0).normal(size=(4, 8, 6)).astype("float32") / 10
TEACHER = np.random.default_rng(1).normal(size=(2, 8, 6)).astype("float32") / 10
CENTER = np.random.default_rng(2).normal(size=6).astype("float32") / 10


def loss(a, b, c, d, teacher_a, teacher_b):
    return dino_loss([a, b, c, d], [teacher_a, teacher_b], CENTER)


def oracle(a, b, c, d, teacher_a, teacher_b):
    student, costs = [a, b, c, d], []
    for i, g in enumerate([teacher_a, teacher_b]):
        target = softmax((np.asarray(g, "float64") - CENTER) / 0.04, axis=-1)
        for v, s in enumerate(student):
            if v != i:
                costs.append(-(target * log_softmax(s / 0.1, axis=-1)).sum(-1).mean())
    assert len(costs) == 2 * 4 - 2
    return np.mean(costs)


CASES = {
    "two global crops, two local": Case(
        loss,
        oracle,
        dict(zip("abcd", CROPS, strict=True)),
        {"teacher_a": TEACHER[0], "teacher_b": TEACHER[1]},
    )
}


class TestContract(LossContract):
    pass


def test_a_student_that_knows_nothing_costs_the_logarithm_of_the_classes():
    found = dino_loss([np.zeros((8, 6))] * 4, TEACHER, CENTER)
    assert_close(found, np.log(6), ROUNDING)
    wide = np.zeros((2, 65536))
    assert_close(dino_loss([wide, wide], [wide + 3], wide[0]), 11.090355, SUM)


def test_a_student_equal_to_its_teacher_costs_the_entropy():
    x = TEACHER[0]
    p = softmax(x / 0.1, axis=-1)
    found = dino_loss([x, x], [x, x], np.zeros(6), teacher_temperature=0.1)
    assert_close(found, -(p * np.log(p)).sum(-1).mean(), SUM)


def test_a_constant_added_to_all_logits_does_not_matter():
    assert_close(dino_loss(CROPS + 2, TEACHER - 3, CENTER), dino_loss(CROPS, TEACHER, CENTER), SUM)


def test_no_gradient_reaches_the_teacher_or_the_center():
    import tensorflow as tf

    teacher, center = tf.Variable(TEACHER), tf.Variable(CENTER)
    with tf.GradientTape() as tape:
        found = dino_loss(CROPS, tf.unstack(teacher), center)
    assert tape.gradient(found, [teacher, center]) == [None, None]


def test_the_center_moves_a_tenth_of_the_way_to_the_batch_mean():
    assert_close(dino_center(np.zeros(6, "float32"), TEACHER), 0.1 * TEACHER.mean((0, 1)), SUM)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="got 2 crops with targets and 1 with logits"):
        dino_loss(CROPS[:1], TEACHER, CENTER)
    with pytest.raises(ValueError, match="teacher_temperature must be above 0; got 0"):
        dino_loss(CROPS, TEACHER, CENTER, teacher_temperature=0)
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\]; got 2"):
        dino_center(CENTER, TEACHER, momentum=2)
