import keras
import numpy as np
import pytest

from mmssl.optimizers import TriStage, warmup_cosine
from mmssl.optimizers.schedules import learning_rate_schedule
from mmssl.runs.recipe import Fit
from tests.tolerances import ROUNDING, SUM, assert_close


def test_tri_stage_rises_on_a_line_stays_and_falls_by_the_same_share_each_step():
    rate = TriStage(2.0, steps=1000, phase_ratio=(0.1, 0.7, 0.2))
    steps = np.arange(1101)
    n = (steps - 800) / 200
    expected = np.select(
        [steps < 100, steps <= 800, steps <= 1000],
        [2 * (0.01 + 0.99 * steps / 100), 2.0, 2 * 0.01**n],
        0.02,
    )
    assert_close([float(rate(step)) for step in steps[::10]], expected[::10], SUM)


def test_tri_stage_comes_back_from_its_config():
    rate = TriStage(1e-3, 50, (0.05, 0.8, 0.15))
    same = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(rate))
    for step in (0, 1, 20, 49, 50):
        assert float(same(step)) == float(rate(step))


def test_a_recipe_chooses_its_schedule():
    fit = Fit(steps=100, schedule="tri_stage", phase_ratio=(0.5, 0.25, 0.25))
    assert_close(learning_rate_schedule(fit, 1.0, 100)(25), 0.01 + 0.99 / 2, ROUNDING)
    warm = Fit(steps=100, warmup_steps=50)
    assert_close(learning_rate_schedule(warm, 1.0, 100)(25), 0.5, ROUNDING)
    for phase_ratio in ((0.5, 0.5), (0.5, 0.4, 0.2), (-0.1, 1.0, 0.1)):
        with pytest.raises(ValueError, match=r"fit\.phase_ratio must be three fractions"):
            Fit(steps=100, phase_ratio=phase_ratio)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero_at_the_last_step():
    rate = warmup_cosine(0.1, warmup_steps=10, steps=100)
    assert_close([rate(0), rate(5), rate(10)], [0, 0.05, 0.1], ROUNDING)
    assert_close(rate(55), 0.05, ROUNDING)
    assert_close(rate(100), 0, ROUNDING, scale=0.1)


def test_the_learning_rate_ends_where_the_recipe_says():
    fit = Fit(steps=100, learning_rate=0.2, final_learning_rate=0.02, warmup_steps=10)
    rate = learning_rate_schedule(fit, 0.2, 100)
    assert_close([rate(10), rate(55), rate(100)], [0.2, 0.11, 0.02], ROUNDING)
    # Of variables with a rate of their own, too.
    assert_close(learning_rate_schedule(fit, 0.1, 100)(100), 0.01, ROUNDING)


def test_a_final_learning_rate_that_no_schedule_reaches_is_refused():
    with pytest.raises(ValueError, match=r"final_learning_rate must be at least 0 and below"):
        Fit(steps=1, learning_rate=0.1, final_learning_rate=0.1)
    with pytest.raises(ValueError, match=r"final_learning_rate needs fit\.schedule cosine"):
        Fit(steps=1, schedule="tri_stage", final_learning_rate=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_warmup_longer_than_the_run_is_cut(steps):
    rate = warmup_cosine(0.1, warmup_steps=100, steps=steps)
    assert all(np.isfinite(rate(step)) for step in range(steps + 1))
