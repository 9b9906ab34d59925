"""The contrast of pairs by a sigmoid each."""

import numpy as np

from mmssl.losses.siglip import siglip_loss
from tests.losses.contract import Case, LossContract, unit, views
from tests.losses.test_clip import CAPTIONS, PICTURES
from tests.tolerances import ROUNDING, SUM, assert_close

FIRST, SECOND = views()
LEARNED = {"scale": np.array(4.0, "float32"), "bias": np.array(-2.0, "float32")}


def oracle(first, second, scale, bias, first_groups=None, second_groups=None):
    logits, total = scale * unit(first) @ unit(second).T + bias, 0.0
    for i, j in np.ndindex(logits.shape):
        groups = [g for g in (first_groups, second_groups) if g is not None]
        if i == j or all(g[i] != g[j] for g in groups):
            total += np.log1p(np.exp(-logits[i, j] if i == j else logits[i, j]))
    return total / len(logits)


PAIR = {"first": FIRST, "second": SECOND}
CASES = {
    "plain": Case(siglip_loss, oracle, PAIR, {}, LEARNED),
    "duplicates": Case(
        siglip_loss, oracle, PAIR, {"first_groups": PICTURES, "second_groups": CAPTIONS}, LEARNED
    ),
}


class TestContract(LossContract):
    pass


def test_a_scale_of_zero_leaves_the_logarithm_of_two_for_each_two_halves():
    assert_close(siglip_loss(FIRST, SECOND, 0.0, 0.0), len(FIRST) * np.log(2), ROUNDING)


def test_towers_may_be_swapped():
    found = siglip_loss(SECOND, FIRST, 4.0, -2.0)
    assert_close(found, float(siglip_loss(FIRST, SECOND, 4.0, -2.0)), SUM)
