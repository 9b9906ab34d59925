import numpy as np
import pytest

from mmssl.losses.patch_contrast import patch_contrast
from tests.losses.contract import Case, LossContract, unit
from tests.tolerances import ROUNDING, SUM, assert_close

FEATURES = np.random.default_rng(0).normal(size=(8, 3, 5)).astype("float32")


def oracle(features):
    z, costs = unit(features), []
    pictures, places = z.shape[:2]
    for j in range(pictures):
        for a in range(places):
            for b in range(places):
                s = [z[j, a] @ z[k, b] for k in range(pictures)]
                others = [np.exp(s[k]) for k in range(pictures) if k != j]
                costs.append(-np.log(np.exp(s[j]) / np.sum(others)))
    return np.mean(costs)


CASES = {"default": Case(patch_contrast, oracle, {"features": FEATURES})}


class TestContract(LossContract):
    pass


@pytest.mark.parametrize("pictures", [2, 5, 17])
def test_equal_features_cost_the_logarithm_of_the_other_pictures(pictures):
    assert_close(patch_contrast(np.ones((pictures, 3, 4), "float32")), np.log(pictures - 1), SUM, 1)


def test_without_itself_below_the_line_a_picture_far_from_others_costs_less_than_nothing():
    apart = np.ones((2, 3, 4), "float32") * np.array([1, -1], "float32")[:, None, None]
    assert_close(patch_contrast(apart), -2.0, SUM)


def test_neither_the_lengths_of_features_nor_the_order_of_patches_matter():
    loss = patch_contrast(FEATURES)
    assert_close(patch_contrast(7 * FEATURES), loss, SUM)
    assert_close(patch_contrast(FEATURES[:, ::-1]), loss, ROUNDING)


def test_features_of_another_rank_are_refused():
    with pytest.raises(ValueError, match=r"\(B, T, C\); got shape \(8, 5\)"):
        patch_contrast(FEATURES[:, 0])
