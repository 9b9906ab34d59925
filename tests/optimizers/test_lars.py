import keras
import numpy as np
import pytest

from mmssl.optimizers import LARS, warmup_cosine
from tests.tolerances import ROUNDING, SUM, assert_close

SHAPES = {"kernel": (3, 4), "filters": (2, 2, 3, 5), "bias": (2, 4), "gamma": (4,)}


def draw(steps=5, seed=0):
    """Draws weights and the gradients of some steps."""
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    gradients = [{name: rng.normal(size=s) for name, s in SHAPES.items()} for _ in range(steps)]
    return weights, gradients


def variables(weights):
    return [keras.Variable(x, name=name) for name, x in weights.items()]


def oracle(weights, gradients, rates, spared, momentum=0.9, weight_decay=0.1, trust=0.001):
    weights = dict(weights)
    velocity = {name: np.zeros_like(x) for name, x in weights.items()}
    for step, rate in zip(gradients, rates, strict=True):
        for name, g in step.items():
            w, scale = weights[name], 1.0
            if name not in spared:
                g = g + weight_decay * w
                lengths = np.linalg.norm(w.ravel()), np.linalg.norm(g.ravel())
                scale = 1.0 if trust is None else trust * lengths[0] / lengths[1]
            velocity[name] = momentum * velocity[name] + rate * scale * g
            weights[name] = w - velocity[name]
    return weights


def train(optimizer, weights, gradients):
    own = variables(weights)
    for step in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g, "float32") for g in step.values()], own)
    return {v.name: v.numpy() for v in own}


def assert_equal(found, expected):
    for name in SHAPES:
        assert_close(found[name], expected[name], SUM)


def test_five_steps_are_the_formulas():
    weights, gradients = draw()
    found = train(LARS(0.5, weight_decay=0.1), weights, gradients)
    assert_equal(found, oracle(weights, gradients, [0.5] * 5, {"bias", "gamma"}))


def test_without_a_trust_coefficient_it_is_momentum_with_decay_in_the_gradient():
    weights, gradients = draw()
    found = train(LARS(0.5, weight_decay=0.1, trust_coefficient=None), weights, gradients)
    assert_equal(found, oracle(weights, gradients, [0.5] * 5, {"bias", "gamma"}, trust=None))


def test_it_follows_a_schedule():
    weights, gradients = draw()
    rate = warmup_cosine(2.0, warmup_steps=2, steps=5)
    found = train(LARS(rate, weight_decay=0.1), weights, gradients)
    rates = [float(rate(i)) for i in range(5)]
    assert_equal(found, oracle(weights, gradients, rates, {"bias", "gamma"}))


def test_what_is_excluded_is_chosen_by_variable():
    weights, gradients = draw()
    own = variables(weights)
    optimizer = LARS(0.5, weight_decay=0.1, exclude=[own[0]])
    found = train(optimizer, weights, gradients)
    assert_equal(found, oracle(weights, gradients, [0.5] * 5, {"kernel"}))


def test_zero_weights_and_zero_gradients_have_a_ratio_of_one():
    kernel, still = np.zeros((2, 2), "float32"), np.ones((2, 2), "float32")
    own = [keras.Variable(kernel, name="kernel"), keras.Variable(still, name="still")]
    LARS(0.5).apply([keras.ops.ones((2, 2)), keras.ops.zeros((2, 2))], own)
    assert_close(own[0].numpy(), -0.5 * np.ones((2, 2)), ROUNDING)
    np.testing.assert_array_equal(own[1].numpy(), still)


def test_the_length_of_the_gradient_does_not_matter():
    weights, gradients = draw()
    louder = [{name: 1e3 * g for name, g in step.items()} for step in gradients]
    found, other = train(LARS(0.5), weights, gradients), train(LARS(0.5), weights, louder)
    for name in ("kernel", "filters"):
        assert_close(found[name], other[name], SUM)


def test_a_saved_model_goes_on_with_the_same_steps(tmp_path):
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="a")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="b")(hidden))
    schedule = warmup_cosine(0.5, 1, 10)
    optimizer = LARS(schedule, 0.8, 0.01, 0.02, exclude=[model.get_layer("a").kernel])
    model.compile(optimizer, "mse")
    x, y = np.random.default_rng(0).normal(size=(2, 8, 4)).astype("float32")
    model.train_on_batch(x, y[:, :2])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == optimizer.get_config()
    for one in (model, loaded):
        one.train_on_batch(x, y[:, :2])
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_tables_whose_gradient_is_a_list_of_rows_are_updated():
    model = keras.Sequential([keras.layers.Embedding(5, 3), keras.layers.Dense(1)])
    model.compile(LARS(0.5, weight_decay=0.01), "mse")
    model.fit(np.array([[0, 0, 2]]), np.ones((1, 3, 1)), verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 1.0}, r"momentum=...\) must be in \[0, 1\); got 1.0"),
        ({"weight_decay": -1}, r"weight_decay=...\) must be 0 or more; got -1"),
        ({"trust_coefficient": 0}, r"trust_coefficient=...\) must be above 0; got 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LARS(0.1, **arguments)


def test_excluding_what_is_not_there_is_refused():
    weights, _ = draw()
    with pytest.raises(ValueError, match="names 'head/kernel', the path of 0 of the variables"):
        LARS(0.1, exclude=["head/kernel"]).build(variables(weights))
