"""The laws of communication.py and workers.py, on numbers that are worked out by hand."""

import numpy as np

from benchmarks import communication
from benchmarks.communication import Cluster, Step
from benchmarks.workers import SIZES, fitted, of_core
from tests.tolerances import ROUNDING, assert_close

STEP = Step(
    weights=1000, batch=16, gflop=2.0, collectives=3, fixed=4100, reduced=10, gathered=20, rows=8
)


def test_one_replica_sends_nothing():
    assert STEP.sent(1) == 0


def test_a_ring_sends_sums_twice_and_gathered_rows_once():
    assert STEP.sent(4) == 3 / 4 * (2 * (4100 + 10 * 16) + 20 * 16 + 8 * 4)
    assert STEP.sent(4, batch=32) - STEP.sent(4) == 3 / 4 * (2 * 10 + 20) * 16


def test_a_line_through_two_batches_gives_each_term_its_coefficient(monkeypatch):
    def tracer(name, overrides):
        # Each of two has 100 + 3 B bytes summed, its part of 8 B gathered, and 5 more.
        return 10, 16, lambda size: (2.0 * size, [100 + 3 * size], [8 * size // 2, 5])

    monkeypatch.setattr(communication, "tracer", tracer)
    found = communication.counted("a recipe")
    assert found == Step(10, 16, 2.0, 3, fixed=100, reduced=3, gathered=8, rows=5)


def test_the_line_is_drawn_where_a_step_sends_the_same_tensors(monkeypatch):
    def tracer(name, overrides):
        # Up to 16 examples their rows are gathered, beyond a matrix is summed.
        return 1, 16, lambda size: (size, [4], [size]) if size <= 16 else (size, [4, 64], [])

    monkeypatch.setattr(communication, "tracer", tracer)
    found = communication.counted("a recipe")
    assert (found.fixed, found.reduced, found.gathered, found.rows) == (4, 0, 2, 0)


def test_what_is_computed_hides_all_of_the_gradients_but_the_last_pack():
    cluster = Cluster(launch=0.0, hop=0.0, pack=400.0, local=1e6)
    quick, slow = (
        Step(1000, 8, gflop, 1, fixed=4000, reduced=0, gathered=0, rows=0) for gflop in (0.0, 1e6)
    )
    ring = 2 * 7 / 8 / 1e6
    assert_close(sum(cluster.seconds(quick, 8, 8)), ring * 4000, ROUNDING)
    assert_close(cluster.seconds(slow, 8, 8)[1], ring * 400, ROUNDING)


def test_a_line_through_the_times_of_sums_gives_latency_and_rate():
    seconds = 1e-3 + 2e-9 * 2 * 3 / 4 * np.array(SIZES)
    latency, rate = fitted(4, seconds)
    assert_close(latency, 1e-3, ROUNDING)
    assert_close(rate, 2e-9, ROUNDING)


def test_processes_of_a_core_take_their_processor_time_together(monkeypatch):
    monkeypatch.setattr("benchmarks.workers.cores", lambda: [0, 1])
    found = [{"processor": [x], "wall": [x]} for x in (1.0, 2.0, 3.0)]
    assert of_core(found, "processor") == [4.0]
    assert of_core(found, "wall") == [3.0]
