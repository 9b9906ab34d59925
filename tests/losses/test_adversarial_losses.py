import numpy as np
from keras import ops

from mmssl.losses.adversarial import discriminator_accuracy, discriminator_loss, generator_loss
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
