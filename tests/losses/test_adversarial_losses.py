import numpy as np
import tensorflow as tf
from keras import ops

from mmssl.losses.adversarial import (
    adaptive_weight,
    discriminator_accuracy,
    discriminator_loss,
    generator_loss,
    hinge_discriminator_loss,
    linear_generator_loss,
)
from tests.tolerances import ROUNDING, SUM, assert_close


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def test_a_discriminator_that_knows_nothing_has_two_ln_2():
    logits = np.zeros((5, 1), "float32")
    assert_close(discriminator_loss(logits, logits), 2 * np.log(2), ROUNDING)
    assert_close(generator_loss(logits), np.log(2), ROUNDING)


def test_the_losses_are_the_cross_entropies_of_the_formula():
    real, fake = np.random.default_rng(0).normal(0, 3, (2, 7, 1))
    expected = -log_sigmoid(real).mean() - log_sigmoid(-fake).mean()
    assert_close(discriminator_loss(real, fake), expected, SUM)
    assert_close(generator_loss(fake), -log_sigmoid(fake).mean(), SUM)


def test_far_logits_stay_finite():
    far = np.full((2, 1), 1e4, "float32")
    assert_close(discriminator_loss(-far, far), 2e4, ROUNDING)
    assert float(generator_loss(far)) == 0


def test_half_precision_is_raised_before_it_is_averaged():
    fake = ops.cast(np.linspace(-1, 1, 1001), "bfloat16")
    exact = generator_loss(ops.cast(fake, "float32"))
    assert_close(generator_loss(fake), exact, ROUNDING)


def test_real_and_generated_examples_weigh_the_same_in_the_accuracy():
    real, fake = np.array([[1.0], [2.0]]), np.array([[-1.0], [1.0], [1.0], [1.0]])
    assert float(discriminator_accuracy(real, fake)) == (1 + 1 / 4) / 2


def test_the_hinge_of_a_discriminator_that_knows_nothing_is_1_and_of_one_that_is_sure_0():
    nothing, sure = np.zeros((5, 2, 2, 1), "float32"), np.full((5, 2, 2, 1), 1.5, "float32")
    assert float(hinge_discriminator_loss(nothing, nothing)) == 1
    assert float(hinge_discriminator_loss(sure, -sure)) == 0
    assert float(hinge_discriminator_loss(-sure, sure)) == 2.5


def test_the_hinge_is_the_formula():
    real, fake = np.random.default_rng(0).normal(0, 2, (2, 7, 3, 3, 1))
    halves = np.maximum(0, 1 - real).mean() / 2, np.maximum(0, 1 + fake).mean() / 2
    assert_close(hinge_discriminator_loss(real, fake), sum(halves), SUM)
    assert_close(linear_generator_loss(fake), -fake.mean(), SUM, scale=1)


def test_the_adaptive_weight_is_the_ratio_of_the_lengths_of_both_gradients():
    u = np.random.default_rng(0).normal(size=(3, 3, 4, 3)).astype("float32")
    length = np.linalg.norm(u.astype("float64"))
    expected = 3 * length / (0.5 * length + 1e-4)
    assert_close(adaptive_weight(3 * u, -0.5 * u), expected, SUM)
    assert_close(adaptive_weight(1e4 * u, 0 * u), 1e4, ROUNDING)
    assert float(adaptive_weight(0 * u, u)) == 0


def test_no_gradient_flows_through_the_adaptive_weight():
    first, second = tf.constant([3.0, 4.0]), tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch([first, second])
        weight = adaptive_weight(first, second)
    assert tape.gradient(weight, [first, second]) == [None, None]
