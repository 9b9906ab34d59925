import numpy as np
import pytest
import tensorflow as tf

from mmssl.losses import future_info_nce


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
    np.testing.assert_allclose(future_info_nce(*inputs)[0], oracle(*inputs), rtol=1e-5)


def test_zero_predictions_score_one_in_n():
    _, positives, pool, collisions = draw(pool=128)
    loss, _ = future_info_nce(np.zeros_like(positives), positives, pool, collisions)
    np.testing.assert_allclose(loss, np.log(128), rtol=1e-6)


def test_a_perfect_prediction_costs_nothing():
    positives = np.eye(4, dtype="float32") * 50
    pool = np.roll(positives, 1, axis=0)[:1]
    loss, accuracy = future_info_nce(positives, positives, pool, np.array([[0]] + [[0]] * 3) > 0)
    assert accuracy == 0.75  # row 3 is in the pool and no collision was declared
    loss, accuracy = future_info_nce(positives, positives, pool, np.array([[0]] * 3 + [[1]]) > 0)
    assert float(loss) < 1e-6
    assert accuracy == 1


def test_huge_scores_stay_finite():
    predictions, positives, pool, collisions = draw()
    loss, _ = future_info_nce(predictions * 1e4, positives, pool, collisions)
    assert np.isfinite(loss)


def test_the_order_of_the_pool_does_not_matter():
    predictions, positives, pool, collisions = draw()
    turned = future_info_nce(predictions, positives, pool[::-1], collisions[:, ::-1])
    np.testing.assert_allclose(
        turned[0], future_info_nce(predictions, positives, pool, collisions)[0], rtol=1e-6
    )


@pytest.mark.parametrize("argument", [0, 1, 2])
def test_the_gradient_equals_finite_differences(argument):
    inputs = list(draw(3, 2, 4))
    collisions = inputs.pop()
    variables = [tf.Variable(x) for x in inputs]
    with tf.GradientTape() as tape:
        loss, _ = future_info_nce(*variables, collisions)
    gradient = tape.gradient(loss, variables[argument]).numpy()
    step = 1e-3
    for place in np.ndindex(gradient.shape):
        values = []
        for sign in (1, -1):
            moved = [x.copy() for x in inputs]
            moved[argument][place] += sign * step
            values.append(oracle(*moved, collisions))
        np.testing.assert_allclose(gradient[place], np.diff(values[::-1])[0] / 2 / step, atol=1e-3)
