"""GloVe's weights and loss at the points that the paper's formula gives."""

import numpy as np

from mmssl.losses import glove_loss, glove_weights
from tests.tolerances import ROUNDING, SUM, assert_close


def test_weights_rise_to_one_and_stay_there():
    found = glove_weights(np.array([1.0, 10.0, 100.0, 1e6], "float32"))
    assert_close(found, [0.01**0.75, 0.1**0.75, 1.0, 1.0], ROUNDING)


def test_a_score_that_is_the_logarithm_costs_nothing_and_errors_cost_their_square():
    counts = np.array([2.0, 50.0, 300.0], "float32")
    scores = np.log(counts)
    assert_close(glove_loss(scores, counts), 0.0, ROUNDING, scale=1.0)
    errors = np.array([0.5, -1.0, 2.0], "float32")
    weights = np.minimum(counts / 100, 1) ** 0.75
    expected = np.mean(0.5 * weights * errors.astype("float64") ** 2)
    assert_close(glove_loss(scores + errors, counts), expected, SUM)
