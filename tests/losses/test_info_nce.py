import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses.info_nce import future_info_nce, info_nce
from mmssl.losses.parts.similarity import cross_entropy_of_positive
from tests.losses.contract import Case, LossContract, unit, views
from tests.tolerances import ROUNDING, SUM, TRAINING, assert_close

QUERIES, KEYS = views()
QUEUE = np.random.default_rng(3).normal(size=(12, 5)).astype("float32")


def cosine_oracle(queries, keys, negatives=None, temperature=0.1):
    q, k = unit(queries), unit(keys)
    costs = []
    for i in range(len(q)):
        others = np.delete(k, i, axis=0) if negatives is None else unit(negatives)
        others = others[i] if others.ndim == 3 else others
        scores = np.concatenate([[q[i] @ k[i]], others @ q[i]]) / temperature
        costs.append(np.logaddexp.reduce(scores) - scores[0])
    return np.mean(costs)


CASES = {
    "batch": Case(info_nce, cosine_oracle, {"queries": QUERIES, "keys": KEYS}),
    "queue": Case(
        info_nce, cosine_oracle, {"queries": QUERIES, "keys": KEYS}, {}, {"negatives": QUEUE}
    ),
    "own negatives, learned temperature": Case(
        info_nce,
        cosine_oracle,
        {"queries": QUERIES, "keys": KEYS, "negatives": np.stack(views(12, 5, 1)[:1] * 8)},
        {},
        {"temperature": np.array(0.3, "float32")},
    ),
}


class TestContract(LossContract):
    pass


def test_guessing_costs_the_logarithm_of_the_candidates():
    query, queue = np.array([[1.0, 0.0]]), np.tile([[0.0, 1.0]], (1024, 1))
    assert_close(info_nce(query, queue[:1], queue), 6.932448, ROUNDING)
    found = cross_entropy_of_positive(np.zeros(1, "float32"), np.zeros((1, 65536), "float32"))
    assert_close(found, 11.090370, ROUNDING)


def test_the_loss_rises_with_every_negative_and_is_never_below_zero():
    rng = np.random.default_rng(0)
    positive, negatives = rng.normal(size=4), rng.normal(size=(4, 6))
    costs = np.array(cross_entropy_of_positive(positive, negatives))
    assert (costs > 0).all()
    for column in range(6):
        raised = negatives + 0.1 * (np.arange(6) == column)
        assert (np.array(cross_entropy_of_positive(positive, raised)) > costs).all()


def test_a_constant_added_to_all_scores_of_a_row_does_not_matter():
    rng = np.random.default_rng(0)
    positive, negatives = rng.normal(size=4), rng.normal(size=(4, 6))
    moved = cross_entropy_of_positive(positive + 9, negatives + 9)
    assert_close(moved, cross_entropy_of_positive(positive, negatives), SUM)


def test_lengths_do_not_matter():
    lengths = np.linspace(0.1, 10, 8)[:, None]
    assert_close(info_nce(lengths * QUERIES, KEYS), info_nce(QUERIES, KEYS), SUM)


def test_negatives_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"negatives must have shape \(K, D\) .*; got \(12, 4\)"):
        info_nce(QUERIES, KEYS, QUEUE[:, :4])


def draw(anchors=6, width=4, pool=9, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (anchors, width), (anchors, width), (pool, width)
    collisions = np.zeros((anchors, pool), bool)
    collisions[np.arange(anchors), rng.integers(0, pool, anchors)] = True
    return *(rng.normal(size=shape).astype("float32") for shape in shapes), collisions


def oracle(predictions, positives, pool, collisions):
    losses = []
    for p, z, hit in zip(predictions, positives, collisions, strict=True):
        scores = np.concatenate([[p @ z], (pool @ p)[~hit]]).astype("float64")
        losses.append(np.log(np.exp(scores).sum()) - scores[0])
    return np.mean(losses)


def test_the_loss_equals_the_papers_formula():
    inputs = draw()
    assert_close(future_info_nce(*inputs)[0], oracle(*inputs), SUM)


def test_zero_predictions_score_one_in_n():
    _, positives, pool, collisions = draw(pool=128)
    loss, _ = future_info_nce(np.zeros_like(positives), positives, pool, collisions)
    assert_close(loss, np.log(128), ROUNDING)


def test_a_perfect_prediction_costs_nothing():
    positives = np.eye(4, dtype="float32") * 50
    pool = np.roll(positives, 1, axis=0)[:1]
    loss, accuracy = future_info_nce(positives, positives, pool, np.array([[0]] + [[0]] * 3) > 0)
    assert accuracy == 0.75  # row 3 is in the pool and no collision was declared
    loss, accuracy = future_info_nce(positives, positives, pool, np.array([[0]] * 3 + [[1]]) > 0)
    assert loss == 0
    assert accuracy == 1


def test_huge_scores_stay_finite():
    predictions, positives, pool, collisions = draw()
    loss, _ = future_info_nce(predictions * 1e4, positives, pool, collisions)
    assert np.isfinite(loss)


def test_anchors_of_weight_zero_are_left_out():
    predictions, positives, pool, collisions = draw()
    weights = np.array([2, 0, 2, 0, 2, 0], "float32")
    weighed = future_info_nce(predictions, positives, pool, collisions, weights)
    alone = future_info_nce(predictions[::2], positives[::2], pool, collisions[::2])
    assert_close(weighed, alone, ROUNDING)


def test_the_order_of_the_pool_does_not_matter():
    predictions, positives, pool, collisions = draw()
    turned = future_info_nce(predictions, positives, pool[::-1], collisions[:, ::-1])
    assert_close(turned[0], future_info_nce(predictions, positives, pool, collisions)[0], ROUNDING)


@pytest.mark.parametrize("argument", [0, 1, 2])
def test_the_gradient_equals_finite_differences(argument):
    inputs = list(draw(3, 2, 4))
    collisions = inputs.pop()
    variables = [tf.Variable(x) for x in inputs]
    with tf.GradientTape() as tape:
        loss, _ = future_info_nce(*variables, collisions)
    gradient = tape.gradient(loss, variables[argument]).numpy()
    step, expected = 1e-3, np.zeros_like(gradient)
    for place in np.ndindex(gradient.shape):
        values = []
        for sign in (1, -1):
            moved = [x.copy() for x in inputs]
            moved[argument][place] += sign * step
            values.append(oracle(*moved, collisions))
        expected[place] = (values[0] - values[1]) / (2 * step)
    assert_close(gradient, expected, TRAINING)
