import numpy as np
import pytest
from scipy.special import log_softmax

from mmssl.losses.swav import sinkhorn, swav_loss
from tests.losses.contract import Case, LossContract
from tests.tolerances import ROUNDING, SUM, assert_close

# Cosines with six prototypes of four crops of eight pictures, two of them large.
SCORES = np.random.default_rng(0).uniform(-0.4, 0.4, size=(4, 8, 6)).astype("float32")
EXAMPLE = np.array(
    [[0.3, 0.1, 0], [0.2, 0.4, 0.1], [0.1, 0, 0.5], [0.4, 0.2, 0.1], [0, 0.1, 0.2], [0.3, 0.3, 0.1]]
)


def official_sinkhorn(scores, iterations=3):
    """The official code's steps."""
    scores = np.asarray(scores, "float64")
    q = np.exp((scores - scores.max()) / 0.05).T
    q /= q.sum()
    for _ in range(iterations):
        q /= q.sum(1, keepdims=True) * q.shape[0]
        q /= q.sum(0, keepdims=True) * q.shape[1]
    return (q * q.shape[1]).T


CODES = [official_sinkhorn(x).astype("float32") for x in SCORES[:2]]


def loss(a, b, c, d, code_a, code_b):
    return swav_loss([a, b, c, d], [code_a, code_b])


def oracle(a, b, c, d, code_a, code_b):
    of_crop = []
    for i, code in enumerate([code_a, code_b]):
        others = [x for v, x in enumerate([a, b, c, d]) if v != i]
        of_crop.append(
            np.mean([-(code * log_softmax(x / 0.1, axis=-1)).sum(-1).mean() for x in others])
        )
    return sum(of_crop) / 2


def codes_are_made_on_the_way(a, b, c, d, large_a, large_b):
    return swav_loss([a, b, c, d], [sinkhorn(large_a), sinkhorn(large_b)])


def with_official_codes(a, b, c, d, large_a, large_b):
    return oracle(a, b, c, d, official_sinkhorn(large_a), official_sinkhorn(large_b))


CROPS = dict(zip("abcd", SCORES, strict=True))
CASES = {
    "two large crops, two small": Case(
        loss, oracle, CROPS, {"code_a": CODES[0], "code_b": CODES[1]}
    ),
    "with sinkhorn": Case(
        codes_are_made_on_the_way,
        with_official_codes,
        CROPS,
        {"large_a": SCORES[0], "large_b": SCORES[1]},
    ),
}


class TestContract(LossContract):
    pass


def test_the_worked_example_of_three_prototypes():
    three, many = sinkhorn(EXAMPLE), sinkhorn(EXAMPLE, iterations=200)
    assert_close(three, official_sinkhorn(EXAMPLE), SUM)
    assert_close(np.sum(three, 0), [2.346219, 2.008431, 1.645350], SUM)
    assert_close(np.sum(many, 0), [2, 2, 2], SUM)
    assert_close(np.sum(three, 1), np.ones(6), ROUNDING)


def test_equal_rows_get_equal_codes_and_equal_scores_get_uniform_ones():
    twice = sinkhorn(np.concatenate([EXAMPLE[:3], EXAMPLE[:3]]))
    assert_close(twice[:3], twice[3:], ROUNDING)
    assert_close(sinkhorn(np.full((4, 5), 0.7)), np.full((4, 5), 0.2), ROUNDING)


def test_a_constant_added_to_all_scores_leaves_every_code():
    assert_close(sinkhorn(EXAMPLE + 1), sinkhorn(EXAMPLE), SUM)


def test_scores_of_any_size_give_finite_codes():
    codes = sinkhorn(1e4 * SCORES[0])
    assert np.isfinite(codes).all()
    assert_close(np.sum(codes, 1), np.ones(8), SUM)


def test_no_gradient_passes_sinkhorn():
    import tensorflow as tf

    scores = tf.Variable(SCORES[0])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(sinkhorn(scores) ** 2)
    assert tape.gradient(total, scores) is None


def test_scores_of_zero_cost_the_logarithm_of_the_prototypes():
    flat = np.zeros((2, 3000))
    assert_close(swav_loss([flat, flat], [sinkhorn(flat)]), 8.006368, SUM)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="got 1 crops with targets and 1 with logits"):
        swav_loss(SCORES[:1], CODES[:1])
    with pytest.raises(ValueError, match="epsilon must be above 0; got 0"):
        sinkhorn(EXAMPLE, epsilon=0)
    with pytest.raises(ValueError, match=r"scores must have shape .*; got \(6,\)"):
        sinkhorn(EXAMPLE[:, 0])
