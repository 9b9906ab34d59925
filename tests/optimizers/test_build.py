import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.optimizers import adamw, warmup_cosine
from mmssl.optimizers.build import build_optimizer
from mmssl.optimizers.schedules import weight_decay_schedule
from mmssl.runs.fit import Fit
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close


@pytest.mark.parametrize(
    ("name", "kernel"),
    [("adamw", 1 - 0.1 * 0.5), ("sgd", 1 - 0.1 * 0.5), ("lars", 1 - 0.1 * 0.001)],
)
def test_weight_decay_leaves_biases_and_norms_out(name, kernel):
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.LayerNormalization()])
    model.build((None, 2))
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    fit = Fit(steps=1, optimizer=name)
    optimizer = build_optimizer(fit, model.trainable_variables, 0.1, 0.5)
    zeros = [np.zeros(v.shape, "float32") for v in model.trainable_variables]
    optimizer.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    decayed, *others = model.get_weights()
    assert_close(decayed, kernel, ROUNDING)
    for other in others:
        np.testing.assert_array_equal(other, np.ones_like(other))


@pytest.mark.parametrize(
    ("name", "left"),
    [("adamw", 1 - 0.1 * 0.5), ("sgd", 1 - 0.1 * 0.5), ("lars", 1 - 0.1 * 0.001)],
)
def test_a_recipe_may_decay_biases_and_norms_too(name, left):
    bias = keras.Variable(np.ones(4, "float32"), name="bias")
    fit = Fit(steps=1, optimizer=name, decay_biases_and_norms=True)
    build_optimizer(fit, [bias], 0.1, 0.5).apply_gradients([(keras.ops.zeros(4), bias)])
    assert_close(bias, left, ROUNDING)


@pytest.mark.parametrize("name", ["adamw", "sgd", "lars"])
def test_a_bias_of_several_heads_is_not_decayed_either(name):
    bias = keras.Variable(np.ones((2, 4), "float32"), name="bias")
    optimizer = build_optimizer(Fit(steps=1, optimizer=name), [bias], 0.1, 0.5)
    optimizer.apply_gradients([(keras.ops.zeros((2, 4)), bias)])
    np.testing.assert_array_equal(bias, np.ones((2, 4)))


def test_momentum_and_clipping_are_those_of_the_recipe():
    def moved(**settings):
        weight = keras.Variable(np.zeros(2, "float32"))
        fit = Fit(steps=1, optimizer="sgd", **settings)
        optimizer = build_optimizer(fit, [weight], 1.0, 0.0)
        for _ in range(2):
            optimizer.apply_gradients([(keras.ops.convert_to_tensor([3.0, 4.0]), weight)])
        return weight.numpy()

    assert_close(moved(momentum=0.5, clip_norm=None), [-7.5, -10.0], ROUNDING)
    assert_close(moved(momentum=0.0, clip_norm=1.0), [-1.2, -1.6], ROUNDING)


def test_a_momentum_of_one_is_refused():
    with pytest.raises(ValueError, match=r"fit.momentum must be in \[0, 1\); got 1.0"):
        Fit(steps=1, momentum=1.0)


def moving(steps=5, **settings):
    """Builds AdamW whose decay moves, for a kernel and a bias; returns the three."""
    draw = np.random.default_rng(0)
    kernel = keras.Variable(draw.normal(size=(3, 2)).astype("float32"), name="kernel")
    bias = keras.Variable(np.ones(2, "float32"), name="bias")
    fit = Fit(steps=steps, weight_decay=0.04, final_weight_decay=0.4, **settings)
    rate = warmup_cosine(0.1, 2, steps)
    return (
        build_optimizer(fit, [kernel, bias], rate, weight_decay_schedule(fit, steps)),
        kernel,
        bias,
    )


def oracle(kernel, gradients, steps=5, clip_norm=3.0):
    """AdamW of Loshchilov and Hutter in float64, whose decay moves, clipped by its own norm."""
    rate, w = warmup_cosine(0.1, 2, steps), kernel.astype("float64")
    m = v = np.zeros_like(w)
    for n, g in enumerate(gradients):
        g = g * min(1.0, clip_norm / np.linalg.norm(g))
        decay = 0.4 + (0.04 - 0.4) * (1 + np.cos(np.pi * n / steps)) / 2
        w = w - float(rate(n)) * decay * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        mean, square = m / (1 - 0.9 ** (n + 1)), v / (1 - 0.999 ** (n + 1))
        w = w - float(rate(n)) * mean / (np.sqrt(square) + 1e-7)
    return w


def test_adamw_decays_along_half_a_cosine_in_a_step_that_is_traced_once():
    optimizer, kernel, bias = moving(clip_norm=3.0, clip_per_variable=True)
    begin = kernel.numpy()
    gradients = np.random.default_rng(1).normal(size=(5, 3, 2)).astype("float32") * 3
    assert any(np.linalg.norm(g) > 3 for g in gradients)

    @tf.function(input_signature=[tf.TensorSpec((3, 2))])
    def step(gradient):
        optimizer.apply([gradient, tf.zeros(2)], [kernel, bias])

    for gradient in gradients:
        step(gradient)
    assert step.experimental_get_tracing_count() == 1
    assert_close(kernel.numpy(), oracle(begin, gradients), NETWORK)
    np.testing.assert_array_equal(bias.numpy(), np.ones(2))


def test_the_decay_reaches_its_end_with_the_last_step_and_stays():
    optimizer, *_ = moving(steps=10)
    found = []
    for n in (0, 5, 10, 12):
        optimizer.iterations.assign(n)
        found.append(float(optimizer.weight_decay))
    assert_close(found, [0.04, 0.22, 0.4, 0.4], SUM)


def test_a_saved_model_goes_on_with_the_same_decay(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    fit = Fit(steps=6, weight_decay=0.1, final_weight_decay=2.0)
    model.compile(adamw(model.trainable_variables, 0.1, weight_decay_schedule(fit, 6)), "mse")
    x, y = np.random.default_rng(0).normal(size=(2, 8, 4)).astype("float32")
    model.train_on_batch(x, y[:, :2])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.optimizer.weight_decay) == float(model.optimizer.weight_decay) > 0.1


def test_each_gradient_is_clipped_by_its_own_norm():
    large, small = (keras.Variable(np.zeros(2, "float32")) for _ in range(2))
    fit = Fit(steps=1, optimizer="sgd", momentum=0.0, clip_norm=2.0, clip_per_variable=True)
    gradients = [keras.ops.convert_to_tensor([x, 0.0]) for x in (10.0, 1.0)]
    build_optimizer(fit, [large, small], 1.0, 0.0).apply(gradients, [large, small])
    assert_close(large.numpy(), [-2.0, 0.0], ROUNDING)
    assert_close(small.numpy(), [-1.0, 0.0], ROUNDING)


@pytest.fixture(scope="module")
def on_replicas():
    """In a process of its own, and with tokens that occur on both replicas, and twice on one."""
    command = [sys.executable, "-m", "tests.optimizers.optimizers_on_replicas"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("other", ["two", "dense", "parts", "parts on two"])
def test_replicas_and_parts_clip_and_decay_as_one_batch_does(on_replicas, other):
    for name, weights in on_replicas["weights"].items():
        assert_close(weights[other], weights["one"], SUM, err_msg=name)


def test_gradients_are_sent_once_a_step(on_replicas):
    # All at once, as one long vector.
    assert set(on_replicas["collectives"].values()) == {1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"final_weight_decay": -1.0}, r"final_weight_decay must be at least 0, or null; got -1.0"),
        ({"final_weight_decay": 0.4, "optimizer": "lars"}, "adamw, not lars"),
        ({"final_weight_decay": 0.4, "weight_decay": 0.0}, r"above 0; got 0"),
        ({"clip_per_variable": True, "clip_norm": None}, r"set fit\.clip_norm"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Fit(steps=1, **settings)


def test_adafactor_moves_by_a_share_of_the_weights_at_no_more_than_the_root_of_the_step():
    small, large = (keras.Variable(np.full((4, 3), value, "float32")) for value in (0.5, 8.0))
    optimizer = build_optimizer(
        Fit(steps=1, optimizer="adafactor", weight_decay=0.0), [small, large], 0.01, 0.0
    )
    optimizer.apply([np.ones((4, 3), "float32")] * 2, [small, large])
    assert_close(small, np.full((4, 3), 0.5 * 0.99), ROUNDING)
    assert_close(large, np.full((4, 3), 8.0 * 0.99), ROUNDING)


def test_adafactor_has_no_weight_decay():
    with pytest.raises(ValueError, match="adafactor has no weight decay"):
        Fit(steps=1, optimizer="adafactor", weight_decay=0.1)
