"""Restricted Boltzmann machines: exact gradients, chains, and the likelihood of few units."""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl import distribution
from mmssl.encoders import dense_encoder, small_conv_encoder
from mmssl.methods.bases.partition import log_partition
from mmssl.methods.rbm import RBM
from mmssl.pipelines.images import UnitCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, STANDARD_ERRORS, SUM, assert_close

SIZE, HIDDEN = 2, 3
TINY = ("--data.batch_size=8", "--data.size=6", "--data.widths=[16]")
# What contrastive divergence lowers is no loss: at its fixed point it is zero in the mean.
CASE = Case("vision/rbm", TINY, initial_loss=(0.0, 2.0), overfit=None, **on_clothes(0.01))
CASES = {
    "persistent": Case(
        "vision/rbm_paper", (*TINY, "--data.sweeps=2", "--fit.epochs=1"), overfit=None
    )
}


def method_of(visible="binary", scale=1.0, **options):
    keras.utils.set_random_seed(0)
    encoder = dense_encoder(SIZE, widths=(HIDDEN,), standardize=visible == "gaussian")
    method = RBM(encoder, visible, (SIZE, SIZE, 1), **options)
    draw = np.random.default_rng(0)
    for variable in method.parameters():
        variable.assign(draw.normal(scale=scale, size=variable.shape))
    method.compile(keras.optimizers.SGD(0.1))
    return method


def batch_of(rows=4, sweeps=1, seed=0):
    draw = np.random.default_rng(seed)
    target = (draw.uniform(size=(rows, SIZE, SIZE, 1)) < 0.4).astype("float32")
    noise = draw.normal(size=(rows, sweeps, SIZE**2 + HIDDEN)).astype("float32")
    return {"images": np.repeat(target, 3, axis=-1), "target": target, "noise": noise}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def weights_of(method):
    return [np.asarray(x, "float64") for x in method.parameters()]


def states(count):
    return np.array(list(itertools.product([0.0, 1.0], repeat=count)))


def log_likelihood(rows, kernel, visible_bias, hidden_bias):
    """The exact mean log p(v) of binary units, both layers enumerated."""
    v, h = states(len(visible_bias)), states(len(hidden_bias))
    exponents = v @ kernel @ h.T + (v @ visible_bias)[:, None] + h @ hidden_bias
    constant = np.logaddexp.reduce(exponents.ravel())
    own = rows @ kernel @ h.T + (rows @ visible_bias)[:, None] + h @ hidden_bias
    return (np.logaddexp.reduce(own, axis=1) - constant).mean()


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_gradient_of_a_step_is_that_of_the_loss_with_constant_fantasies(visible):
    method, batch = method_of(visible), batch_of()
    loss, gradients = method.gradients(method.compute_loss, batch)
    with tf.GradientTape() as tape:
        taped = loss_of(method, batch)
    expected = tape.gradient(taped, [v.value for v in method.trainable_weights])
    assert_close(loss, taped, SUM)
    for got, wanted in zip(gradients, expected, strict=True):
        assert_close(got, wanted, SUM)


def test_the_gradient_of_the_weights_is_that_of_contrastive_divergence():
    method, batch = method_of(), batch_of()
    (kernel, _, c), outputs = weights_of(method), method(batch)
    data, model = (np.asarray(outputs[x], "float64") for x in ("visible", "fantasies"))
    expected = -data.T @ sigmoid(c + data @ kernel) + model.T @ sigmoid(c + model @ kernel)
    _, gradients = method.gradients(method.compute_loss, batch)
    found = {id(v): g for v, g in zip(method.trainable_weights, gradients, strict=True)}
    assert_close(found[id(method.layer.kernel)], expected / 4, SUM)


def test_a_sweep_draws_hidden_and_visible_states_from_their_probabilities():
    method, batch = method_of(sweeps=2), batch_of(sweeps=2)
    kernel, b, c = weights_of(method)
    v = batch["target"].reshape(4, -1).astype("float64")
    # A value of standard normal noise is below the p-quantile with probability p.
    uniform = 0.5 * (1 + np.vectorize(math.erf)(batch["noise"] / np.sqrt(2)))
    for sweep in range(2):
        h = (uniform[:, sweep, :HIDDEN] < sigmoid(c + v @ kernel)).astype(float)
        v = (uniform[:, sweep, HIDDEN:] < sigmoid(b + h @ kernel.T)).astype(float)
    np.testing.assert_array_equal(method(batch)["fantasies"], v)


def test_gaussian_units_are_drawn_about_their_mean_with_variance_1():
    method, batch = method_of("gaussian"), batch_of()
    kernel, b, c = weights_of(method)
    v = batch["target"].reshape(4, -1).astype("float64")
    uniform = 0.5 * (1 + np.vectorize(math.erf)(batch["noise"][:, 0] / np.sqrt(2)))
    h = (uniform[:, :HIDDEN] < sigmoid(c + v @ kernel)).astype(float)
    expected = b + h @ kernel.T + batch["noise"][:, 0, HIDDEN:]
    assert_close(method(batch)["fantasies"], expected, SUM)


def test_a_long_chain_visits_states_as_often_as_they_are_probable():
    method, rows = method_of(), 4000
    batch = batch_of(rows, sweeps=20)
    method.sweeps = 20
    found = np.asarray(method(batch)["fantasies"]) @ 2 ** np.arange(SIZE**2)
    every = states(SIZE**2)
    exact = np.exp([log_likelihood(v[None], *weights_of(method)) for v in every])
    shares = (
        np.bincount(found.astype(int), minlength=16)[(every @ 2 ** np.arange(SIZE**2)).astype(int)]
        / rows
    )
    errors = np.sqrt(exact * (1 - exact) / rows)
    assert (np.abs(shares - exact) < STANDARD_ERRORS * errors + 1 / rows).all()


def test_with_the_exact_expectation_the_gradient_is_that_of_the_likelihood():
    method, batch = method_of(), batch_of()
    weights, rows = weights_of(method), batch["target"].reshape(4, -1).astype("float64")
    every = states(SIZE**2)
    probable = np.exp([log_likelihood(v[None], *weights) for v in every])
    assert_close(probable.sum(), 1, SUM)
    kernel, _, c = weights
    positive = rows.T @ sigmoid(c + rows @ kernel) / 4
    negative = (every * probable[:, None]).T @ sigmoid(c + every @ kernel)
    moved = kernel.copy()
    differences = np.zeros_like(kernel)
    for place in np.ndindex(kernel.shape):
        for sign in (1, -1):
            moved[place] = kernel[place] + sign * 1e-5
            differences[place] += sign * log_likelihood(rows, moved, *weights[1:]) / 2e-5
        moved[place] = kernel[place]
    assert_close(positive - negative, differences, NETWORK)


def noisy_patterns(rows, draw):
    """Pictures of 3x3 pixels that are one of two, but for a pixel in ten."""
    patterns = np.array([[1, 1, 1, 0, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 1, 1, 0, 0]])
    v = patterns[draw.integers(0, 2, rows)]
    v = np.where(draw.uniform(size=v.shape) < 0.1, 1 - v, v).reshape(rows, 3, 3, 1)
    noise = draw.normal(size=(rows, 1, 25)).astype("float32")
    images = np.repeat(v, 3, axis=-1).astype("float32")
    return {"images": images, "target": v.astype("float32"), "noise": noise}


@pytest.fixture(scope="module")
def of_sixteen():
    keras.utils.set_random_seed(0)
    method = RBM(dense_encoder(3, widths=(16,)), target_shape=(3, 3, 1))
    method.layer.kernel.assign(np.random.default_rng(1).normal(scale=0.5, size=(9, 16)))
    method.compile(keras.optimizers.SGD(0.1))
    return method


def test_contrastive_divergence_points_where_the_exact_gradient_does(of_sixteen):
    batch = noisy_patterns(4000, np.random.default_rng(0))
    kernel, _, c = weights = weights_of(of_sixteen)
    constant, every = log_partition(*weights), states(9)
    probable = np.exp(-energies(every, weights) - constant)
    assert_close(probable.sum(), 1, SUM)
    rows = batch["target"].reshape(-1, 9).astype("float64")
    exact = (every * probable[:, None]).T @ sigmoid(c + every @ kernel)
    exact -= rows.T @ sigmoid(c + rows @ kernel) / len(rows)
    _, gradients = of_sixteen.gradients(of_sixteen.compute_loss, batch)
    pairs = zip(of_sixteen.trainable_weights, gradients, strict=True)
    [found] = [np.asarray(g) for v, g in pairs if v is of_sixteen.layer.kernel]
    large = np.abs(exact) > np.abs(exact).mean()
    np.testing.assert_array_equal(np.sign(found[large]), np.sign(exact[large]))


def test_contrastive_divergence_raises_the_exact_likelihood(of_sixteen):
    draw = np.random.default_rng(0)
    rows = noisy_patterns(2000, draw)["target"].reshape(-1, 9).astype("float64")
    before = log_likelihood_of(rows, weights_of(of_sixteen))
    for _ in range(150):
        of_sixteen.train_on_batch(noisy_patterns(64, draw))
    assert log_likelihood_of(rows, weights_of(of_sixteen)) > before + 0.5


def energies(rows, weights):
    """The free energy of binary units."""
    kernel, b, c = weights
    return -rows @ b - np.logaddexp(0, c + rows @ kernel).sum(axis=1)


def log_likelihood_of(rows, weights):
    """The exact mean log p(v) through the free energy, hidden states summed in closed form."""
    return -energies(rows, weights).mean() - log_partition(*weights)


@pytest.mark.parametrize("rows", [states(SIZE**2)[3:7]])
def test_the_partition_function_is_the_sum_over_all_states(rows):
    weights = weights_of(method_of())
    assert_close(log_likelihood_of(rows, weights), log_likelihood(rows, *weights), SUM)


def test_the_density_of_gaussian_units_integrates_to_1():
    kernel, b, c = np.array([[0.7, -1.2]]), np.array([0.3]), np.array([0.1, -0.4])
    v = np.linspace(-12, 12, 20001)[:, None]
    energy = 0.5 * (v[:, 0] - b) ** 2 - np.logaddexp(0, c + v @ kernel).sum(axis=1)
    total = np.trapezoid(np.exp(-energy - log_partition(kernel, b, c, "gaussian")), v[:, 0])
    assert_close(total, 1, NETWORK)


def test_chains_go_on_from_step_to_step_and_only_in_training():
    method, batch = method_of(persistent=True, chains=4), batch_of()
    method.chains.assign(np.eye(4))
    start = {**batch, "images": np.repeat(np.eye(4).reshape(4, 2, 2, 1), 3, axis=-1)}
    expected = np.asarray(method(start)["fantasies"])
    loss_of(method, batch)
    np.testing.assert_array_equal(method.chains, expected)
    loss_of(method, batch, training=False)
    np.testing.assert_array_equal(method.chains, expected)


def test_a_replica_moves_the_chains_of_its_own_rows(monkeypatch):
    method, batch = method_of(persistent=True, chains=4), batch_of(rows=2)
    method.chains.assign(np.eye(4))
    expected = method.sweep(np.eye(4, dtype="float32")[2:], batch["noise"][:, 0])
    monkeypatch.setattr(distribution, "first_row", lambda rows: rows)
    np.testing.assert_array_equal(method(batch, training=True)["fantasies"], expected)


def test_the_visible_biases_begin_at_the_log_odds_of_the_data():
    method, batch = method_of(), batch_of(rows=40)
    method.adapt([batch])
    shares = batch["target"].reshape(40, -1).mean(axis=0)
    assert_close(method.visible_bias, np.log(shares / (1 - shares)), SUM)


def test_gaussian_units_see_standardized_values():
    method, batch = method_of("gaussian"), batch_of(rows=40)
    for _ in range(2):  # a second time changes nothing
        method.adapt([batch])
        seen = np.asarray(method(batch)["visible"], "float64")
        assert_close(seen.mean(axis=0), 0, SUM, scale=1.0)
        assert_close(seen.std(axis=0), 1, SUM)


def test_held_out_figures_have_the_exact_likelihood_of_few_units():
    data = UnitCrops("builtin:photos", size=SIZE, batch_size=4, widths=(HIDDEN,), binarize=True)
    data.prepare()
    method, few = method_of(), data.on(data.items.select(range(6)))
    figures = method.validate(few)
    [batch] = few.fixed_elements(few.source).as_numpy_iterator()
    rows = batch["target"].reshape(6, -1).astype("float64")
    assert_close(figures["log_likelihood"], log_likelihood(rows, *weights_of(method)), SUM)
    titles = [title for title, _, _ in method.report_images(few)]
    assert titles == ["Reconstructions", "Weights"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="DeepBeliefNetwork"):
        RBM(dense_encoder(SIZE, widths=(3, 2)))
    with pytest.raises(ValueError, match="dense_encoder"):
        RBM(small_conv_encoder(SIZE, (4,), (2,)))
    with pytest.raises(ValueError, match="sigmoids"):
        RBM(dense_encoder(SIZE, widths=(3,), activation="relu"))
    with pytest.raises(ValueError, match="standardize of the encoder to true"):
        RBM(dense_encoder(SIZE, widths=(3,)), "gaussian")
    with pytest.raises(ValueError, match="16 at most"):
        log_partition(np.zeros((2, 17)), np.zeros(2), np.zeros(17))
