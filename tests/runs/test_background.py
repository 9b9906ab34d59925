import threading

import keras
import numpy as np
import pytest

from mmssl.runs.background import Background
from mmssl.runs.checkpoint import load_state, save_state


def fail():
    raise OSError("the disk is full")


def test_one_task_runs_at_a_time_and_the_block_waits_for_the_last():
    running, most, done = 0, 0, []

    def task(number):
        nonlocal running, most
        running += 1
        most = max(most, running)
        done.append((number, threading.current_thread() is threading.main_thread()))
        running -= 1

    with Background() as background:
        for number in range(20):
            background(lambda number=number: task(number))
    assert most == 1
    assert done == [(number, False) for number in range(20)]


def give_another(background):
    background(lambda: pytest.fail("the error was not raised"))


@pytest.mark.parametrize("then", [give_another, Background.wait, lambda background: None])
def test_an_error_is_raised_where_the_training_next_meets_it(then):
    def train():
        with Background() as background:
            background(fail)
            then(background)

    with pytest.raises(OSError, match="disk is full"):
        train()


def test_an_error_does_not_hide_another_one_but_is_logged(caplog):
    def train():
        with Background() as background:
            background(fail)
            raise ValueError("not finite")

    with pytest.raises(ValueError, match="not finite"):
        train()
    assert "disk is full" in caplog.text


def test_a_checkpoint_holds_the_state_of_its_step_whatever_follows(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd")
    expected = model.get_weights()
    later = threading.Event()

    with Background() as background:
        waiting = lambda task: background(lambda: later.wait() and task())  # noqa: E731
        save_state(tmp_path / "state.npz", model, {"step": 3}, run=waiting)
        for variable in model.variables:
            variable.assign_add(np.ones(variable.shape))
        assert not (tmp_path / "state.npz").exists()
        later.set()
    assert load_state(tmp_path / "state.npz", model) == {"step": 3}
    for one, other in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)
