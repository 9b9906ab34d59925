import numpy as np

from mmssl.losses.color_distribution import color_distribution_loss
from tests.tolerances import ROUNDING, SUM, assert_close


def draw(pixels=7, bins=20, neighbors=4):
    rng = np.random.default_rng(0)
    chosen = np.stack([rng.permutation(bins)[:neighbors] for _ in range(pixels)]).astype("int32")
    weights = rng.dirichlet(np.ones(neighbors), pixels).astype("float32")
    logits = rng.normal(size=(pixels, bins)).astype("float32")
    return logits, chosen, weights, rng.random(pixels).astype("float32")


def test_the_loss_equals_the_papers_formula():
    logits, bins, weights, rebalance = draw()
    target = np.zeros_like(logits)
    np.put_along_axis(target, bins, weights, axis=1)
    log_softmax = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    expected = -np.mean(rebalance * (target * log_softmax).sum(1))
    assert_close(color_distribution_loss(*draw()), expected, SUM)


def test_equal_scores_cost_the_logarithm_of_the_number_of_bins():
    _, bins, weights, rebalance = draw(bins=313)
    loss = color_distribution_loss(
        np.zeros((7, 313), "float32"), bins, weights, np.ones_like(rebalance)
    )
    assert_close(loss, 5.746203, ROUNDING)


def test_pixels_of_weight_zero_are_left_out():
    logits, bins, weights, _ = draw()
    assert color_distribution_loss(logits, bins, weights, np.zeros(7, "float32")) == 0
