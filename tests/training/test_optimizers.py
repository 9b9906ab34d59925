import keras
import numpy as np
import pytest

from mmssl.training.optimizers import run_optimizer, warmup_cosine
from mmssl.training.recipe import Fit


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero_at_the_last_step():
    rate = warmup_cosine(0.1, warmup_steps=10, steps=100)
    np.testing.assert_allclose([rate(0), rate(5), rate(10)], [0, 0.05, 0.1], atol=1e-7)
    np.testing.assert_allclose(rate(55), 0.05, atol=1e-6)
    np.testing.assert_allclose(rate(100), 0, atol=1e-7)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_warmup_longer_than_the_run_is_cut(steps):
    rate = warmup_cosine(0.1, warmup_steps=100, steps=steps)
    assert all(np.isfinite(rate(step)) for step in range(steps + 1))


@pytest.mark.parametrize(
    ("name", "kernel"),
    [("adamw", 1 - 0.1 * 0.5), ("sgd", 1 - 0.1 * 0.5), ("lars", 1 - 0.1 * 0.001)],
)
def test_weight_decay_leaves_biases_and_norms_out(name, kernel):
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.LayerNormalization()])
    model.build((None, 2))
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    fit = Fit(steps=1, optimizer=name, weight_decay=0.5)
    optimizer = run_optimizer(fit, model.trainable_variables, 0.1)
    zeros = [np.zeros(v.shape, "float32") for v in model.trainable_variables]
    optimizer.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    decayed, *others = model.get_weights()
    np.testing.assert_allclose(decayed, kernel, rtol=1e-6)
    for other in others:
        np.testing.assert_array_equal(other, np.ones_like(other))


def test_momentum_and_clipping_are_those_of_the_recipe():
    def moved(**settings):
        weight = keras.Variable(np.zeros(2, "float32"))
        fit = Fit(steps=1, optimizer="sgd", weight_decay=0.0, **settings)
        optimizer = run_optimizer(fit, [weight], 1.0)
        for _ in range(2):
            optimizer.apply_gradients([(keras.ops.convert_to_tensor([3.0, 4.0]), weight)])
        return weight.numpy()

    np.testing.assert_allclose(moved(momentum=0.5, clip_norm=None), [-7.5, -10.0])
    np.testing.assert_allclose(moved(momentum=0.0, clip_norm=1.0), [-1.2, -1.6], rtol=1e-6)


def test_a_momentum_of_one_is_refused():
    with pytest.raises(ValueError, match=r"fit.momentum is in \[0, 1\); got 1.0"):
        Fit(steps=1, momentum=1.0)
