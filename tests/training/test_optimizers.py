import keras
import numpy as np
import pytest

from mmssl.training.optimizers import adamw, warmup_cosine


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero_at_the_last_step():
    rate = warmup_cosine(0.1, warmup_steps=10, steps=100)
    np.testing.assert_allclose([rate(0), rate(5), rate(10)], [0, 0.05, 0.1], atol=1e-7)
    np.testing.assert_allclose(rate(55), 0.05, atol=1e-6)
    np.testing.assert_allclose(rate(100), 0, atol=1e-7)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_warmup_longer_than_the_run_is_cut(steps):
    rate = warmup_cosine(0.1, warmup_steps=100, steps=steps)
    assert all(np.isfinite(rate(step)) for step in range(steps + 1))


def test_weight_decay_leaves_biases_and_norms_out():
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.LayerNormalization()])
    model.build((None, 2))
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    optimizer = adamw(model.trainable_variables, 0.1, weight_decay=0.5)
    zeros = [np.zeros(v.shape, "float32") for v in model.trainable_variables]
    optimizer.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    kernel, *others = model.get_weights()
    np.testing.assert_allclose(kernel, 1 - 0.1 * 0.5, rtol=1e-6)
    for other in others:
        np.testing.assert_array_equal(other, np.ones_like(other))
