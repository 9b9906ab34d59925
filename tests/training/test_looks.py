"""Workers look at each other's wishes after the same steps, about once a second."""

import itertools

import pytest

from mmssl.training import looks
from mmssl.training.looks import MOST, SECONDS, Looks


def looked_after(steps, monkeypatch, *paces):
    """Lets workers, by whose clocks a step takes so many seconds, take steps.

    Returns:
        list of the steps after which they look.
    """
    clock = {"now": 0.0}
    monkeypatch.setattr(looks.time, "monotonic", lambda: clock["now"])
    workers, found = [Looks() for _ in paces], []
    for step in range(steps):
        rare = any(worker.are_rare() for worker in workers)
        for worker in workers:
            worker.begin_step()
        due = [worker.is_due() for worker in workers]
        assert len(set(due)) == 1
        if due[0]:
            found.append(step)
            for worker, pace in zip(workers, paces, strict=True):
                clock["now"] = (step + 1) * pace
                worker.looked(rare)
    return found


@pytest.mark.parametrize("pace", [0.03, 0.3, 0.7])
def test_the_time_between_looks_is_that_wanted_but_for_a_factor_of_two(pace, monkeypatch):
    steps = looked_after(400, monkeypatch, pace)[10:]
    times = [pace * (two - one) for one, two in itertools.pairwise(steps)]
    assert min(times) >= SECONDS / 2
    assert max(times) <= 2 * SECONDS


def test_slow_steps_are_looked_at_one_by_one_and_fast_ones_by_so_many(monkeypatch):
    assert looked_after(5, monkeypatch, 10.0) == [0, 1, 2, 3, 4]
    steps = looked_after(1000, monkeypatch, 1e-4)
    assert steps[-1] - steps[-2] == MOST


def test_all_look_as_often_as_the_one_to_whom_steps_are_slowest(monkeypatch):
    assert looked_after(100, monkeypatch, 0.01, 0.4, 0.1) == looked_after(100, monkeypatch, 0.4)
