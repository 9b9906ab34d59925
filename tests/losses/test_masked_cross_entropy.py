import numpy as np

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from tests.tolerances import ROUNDING, SUM, assert_close


def test_only_weighted_slots_count():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 5)).astype("float32")
    ids = rng.integers(0, 5, (2, 3)).astype("int32")
    weights = np.array([[1, 0, 1], [0, 0, 1]], "float32")
    probability = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    chosen = np.take_along_axis(probability, ids[..., None], -1)[..., 0]
    loss, hits = masked_cross_entropy(logits, ids, weights)
    assert_close(loss, -(weights * np.log(chosen)).sum(), SUM)
    assert_close(hits, (weights * (logits.argmax(-1) == ids)).sum(), ROUNDING)


def test_equal_scores_cost_the_logarithm_of_their_number():
    loss, _ = masked_cross_entropy(
        np.zeros((1, 2, 2000), "float32"), np.zeros((1, 2), "int32"), np.ones((1, 2), "float32")
    )
    assert_close(loss, 2 * np.log(2000), ROUNDING)


def test_scores_in_bfloat16_are_summed_in_float32():
    import tensorflow as tf

    loss, _ = masked_cross_entropy(
        tf.zeros((64, 16, 1000), tf.bfloat16),
        np.zeros((64, 16), "int32"),
        np.ones((64, 16), "float32"),
    )
    assert_close(loss, 1024 * np.log(1000), SUM)
