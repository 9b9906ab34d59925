import numpy as np
from keras import ops

from mmssl.losses import discriminator_accuracy, discriminator_loss, generator_loss


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def test_a_discriminator_that_knows_nothing_has_two_ln_2():
    logits = np.zeros((5, 1), "float32")
    np.testing.assert_allclose(discriminator_loss(logits, logits), 2 * np.log(2), rtol=1e-6)
    np.testing.assert_allclose(generator_loss(logits), np.log(2), rtol=1e-6)


def test_the_losses_are_the_cross_entropies_of_the_formula():
    real, fake = np.random.default_rng(0).normal(0, 3, (2, 7, 1))
    expected = -log_sigmoid(real).mean() - log_sigmoid(-fake).mean()
    np.testing.assert_allclose(discriminator_loss(real, fake), expected, rtol=1e-5)
    np.testing.assert_allclose(generator_loss(fake), -log_sigmoid(fake).mean(), rtol=1e-5)


def test_far_logits_stay_finite():
    far = np.full((2, 1), 1e4, "float32")
    np.testing.assert_allclose(discriminator_loss(-far, far), 2e4)
    np.testing.assert_allclose(generator_loss(far), 0)


def test_half_precision_is_raised_before_it_is_averaged():
    fake = ops.cast(np.linspace(-1, 1, 1001), "bfloat16")
    exact = generator_loss(ops.cast(fake, "float32"))
    np.testing.assert_allclose(generator_loss(fake), exact, rtol=1e-6)


def test_real_and_generated_examples_weigh_the_same_in_the_accuracy():
    real, fake = np.array([[1.0], [2.0]]), np.array([[-1.0], [1.0], [1.0], [1.0]])
    assert float(discriminator_accuracy(real, fake)) == (1 + 1 / 4) / 2
