import keras
import numpy as np
import pytest

from mmssl.optimizers import TriStage, warmup_cosine
from mmssl.optimizers.schedules import learning_rate_schedule
from mmssl.runs.fit import Fit
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
    assert_close(learning_rate_schedule(fit, 1.0, 0, 100)(25), 0.01 + 0.99 / 2, ROUNDING)
    assert_close(learning_rate_schedule(Fit(steps=100), 1.0, 50, 100)(25), 0.5, ROUNDING)
    for phase_ratio in ((0.5, 0.5), (0.5, 0.4, 0.2), (-0.1, 1.0, 0.1)):
        with pytest.raises(ValueError, match=r"fit\.phase_ratio must be three fractions"):
            Fit(steps=100, phase_ratio=phase_ratio)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero_at_the_last_step():
    rate = warmup_cosine(0.1, warmup_steps=10, steps=100)
    assert_close([rate(0), rate(5), rate(10)], [0, 0.05, 0.1], ROUNDING)
    assert_close(rate(55), 0.05, ROUNDING)
    assert_close(rate(100), 0, ROUNDING, scale=0.1)


def test_the_learning_rate_ends_where_the_recipe_says():
    fit = Fit(steps=100, learning_rate=0.2, final_learning_rate=0.02)
    rate = learning_rate_schedule(fit, 0.2, 10, 100)
    assert_close([rate(10), rate(55), rate(100)], [0.2, 0.11, 0.02], ROUNDING)
    # Of variables with a rate of their own, too.
    assert_close(learning_rate_schedule(fit, 0.1, 10, 100)(100), 0.01, ROUNDING)


def test_a_final_learning_rate_that_no_schedule_reaches_is_refused():
    with pytest.raises(ValueError, match=r"final_learning_rate must be at least 0 and below"):
        Fit(steps=1, learning_rate=0.1, final_learning_rate=0.1)
    with pytest.raises(
        ValueError, match=r"final_learning_rate needs fit\.schedule cosine or linear"
    ):
        Fit(steps=1, schedule="tri_stage", final_learning_rate=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_warmup_longer_than_the_run_is_cut(steps):
    rate = warmup_cosine(0.1, warmup_steps=100, steps=steps)
    assert all(np.isfinite(rate(step)) for step in range(steps + 1))


@pytest.mark.parametrize("warmup_steps", [0, 20])
@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", lambda n, w: np.full(n.shape, 0.5)),
        ("linear", lambda n, w: 0.1 + 0.4 * (100 - n) / (100 - w)),
        ("step", lambda n, w: 0.5 * 0.2 ** ((n >= 10).astype(int) + (n >= 75))),
        ("inverse_sqrt", lambda n, w: 0.5 * np.sqrt(max(w, 1) / np.maximum(n, 1))),
    ],
)
def test_every_schedule_is_its_formula_after_the_warmup(schedule, expected, warmup_steps):
    last = 0.1 if schedule == "linear" else 0.0
    options = {"boundaries": (0.1, 0.75), "decay_rate": 0.2, "final_learning_rate": last}
    fit = Fit(steps=100, learning_rate=0.5, schedule=schedule, **options)
    rate = learning_rate_schedule(fit, 0.5, warmup_steps, 100)
    rates = np.array([float(rate(n)) for n in range(101)])
    n = np.arange(max(1, warmup_steps), 101)
    assert_close(rates[n], expected(n, warmup_steps), SUM)
    assert_close(rates[:warmup_steps], 0.5 * np.arange(warmup_steps) / 20, ROUNDING)
    assert np.isfinite(rates).all()


def test_a_warmup_that_outlasts_all_boundaries_ends_at_the_last_rate():
    fit = Fit(steps=20, schedule="step", boundaries=(0.1, 0.5), decay_rate=0.2)
    rate = learning_rate_schedule(fit, 0.5, 15, 20)
    assert_close([float(rate(n)) for n in (14, 15, 20)], [0.5 * 14 / 15, 0.02, 0.02], SUM)


@pytest.mark.parametrize("schedule", ["constant", "linear", "step", "inverse_sqrt"])
def test_every_schedule_comes_back_from_its_config(schedule):
    rate = learning_rate_schedule(Fit(steps=50, schedule=schedule), 1.0, 5, 50)
    same = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(rate))
    assert [float(same(n)) for n in (0, 3, 5, 29, 30, 49)] == [
        float(rate(n)) for n in (0, 3, 5, 29, 30, 49)
    ]


def test_a_larger_batch_trains_with_a_larger_rate_where_the_recipe_names_its_own():
    fit = Fit(steps=1, learning_rate=0.3, base_batch_size=256)
    assert_close([fit.peak_at(256), fit.peak_at(4096), fit.peak_at(64)], [0.3, 4.8, 0.075], SUM)
    assert Fit(steps=1, learning_rate=0.3).peak_at(4096) == 0.3


def test_a_warmup_in_epochs_takes_the_place_of_one_in_steps():
    assert Fit(steps=1, warmup_steps=7).warmup_at(30, 50) == 7
    assert Fit(steps=1, warmup_steps=7, warmup_epochs=1.5).warmup_at(30, 50) == 45
    assert Fit(steps=1, warmup_epochs=0).warmup_at(30, 50) == 0


def test_a_tenth_of_the_steps_that_minutes_alone_give_warms_up_at_most():
    assert Fit(minutes=1, warmup_steps=7).warmup_at(30, 50) == 5
    assert Fit(minutes=1, warmup_steps=7).warmup_at(30, 500) == 7
    assert Fit(minutes=1, steps=50, warmup_steps=7).warmup_at(30, 50) == 7


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("boundaries", (0.8, 0.6), r"fit\.boundaries must be rising fractions"),
        ("boundaries", (0.5, 1.0), r"fit\.boundaries must be rising fractions"),
        ("decay_rate", 1.0, r"fit\.decay_rate must be between 0 and 1; got 1\.0"),
        ("base_batch_size", 0, r"fit\.base_batch_size must be above 0; got 0"),
        ("warmup_epochs", -1, r"fit\.warmup_epochs must be at least 0; got -1"),
        ("final_learning_rate", 1e-6, r"since step has an end of its own; got 1e-06"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(key, value, message):
    with pytest.raises(ValueError, match=message):
        Fit(**{"steps": 1, "schedule": "step", key: value})
