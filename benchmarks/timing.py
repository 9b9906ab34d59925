"""Timing steps on a shared machine."""

import os
import statistics
import time

import psutil

QUIET_FRACTION = 0.15  # of a core that others may use while a step still counts as quiet
TICK_SLACK = 0.04  # seconds: the system counts CPU time in ticks of 10 ms a core


def _busy_seconds():
    """CPU seconds used by all processes since boot, including those stolen by a hypervisor."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)


class Watch:
    """Measures the time of a block and the CPU time that other processes used meanwhile.

    Attributes:
        seconds: wall time of the block.
        cpu: CPU seconds of this process during it.
        others: CPU seconds of all other processes during it.
    """

    def __enter__(self):
        self._begin = (_busy_seconds(), time.process_time(), time.perf_counter())
        return self

    def __exit__(self, *exception):
        busy, own, wall = self._begin
        self.seconds = time.perf_counter() - wall
        self.cpu = time.process_time() - own
        self.others = max(0.0, _busy_seconds() - busy - self.cpu)

    def quiet(self, spare_cores=0):
        """Returns whether others left this process the cores that it uses."""
        return self.others < (QUIET_FRACTION + spare_cores) * self.seconds + TICK_SLACK


def wait_quiet(spare_cores=0, limit=60.0):
    """Waits until other processes leave the machine idle for a second.

    Args:
        spare_cores: cores that the timed work will not use.
        limit: maximum seconds to wait.
    """
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with Watch() as watch:
            time.sleep(1.0)
        if watch.quiet(spare_cores):
            return


def time_steps(step, threads, warmup=3, steps=20, budget=60.0):
    """Times a step over the calls during which the machine was otherwise idle.

    Args:
        step: function without arguments that returns when its work is done.
        threads: cores that it uses.
        warmup: untimed calls; the first one traces the graph.
        steps: quiet calls wanted; at most twice as many are made.
        budget: seconds after which no more calls are made, except for a minimum of three.

    Returns:
        dict with `step_s`, the median over the quiet steps, or over all steps if fewer than three
        were quiet, and statistics that tell how far to trust it.
    """
    spare_cores = max(0, (os.cpu_count() or 1) - threads)
    for _ in range(warmup):
        step()
    wait_quiet(spare_cores)
    watches, end = [], time.monotonic() + budget
    while len(watches) < 3 or time.monotonic() < end:
        with Watch() as watch:
            step()
        watches.append(watch)
        quiet = [w.seconds for w in watches if w.quiet(spare_cores)]
        if len(quiet) >= steps or len(watches) >= 2 * steps:
            break
    every = [w.seconds for w in watches]
    return {
        "step_s": statistics.median(quiet if len(quiet) >= 3 else every),
        "median_over": "quiet steps" if len(quiet) >= 3 else "all steps",
        "steps": len(every),
        "steps_quiet": len(quiet),
        "step_s_min": min(every),
        "step_s_median_all": statistics.median(every),
        "cpu_s_per_step": statistics.median(w.cpu for w in watches),
        "other_cores": sum(w.others for w in watches) / sum(every),
    }


def rate(way, seconds):
    """Counts what is made in some seconds, after two calls that are not timed.

    Args:
        way: function that returns how many it has made.
        seconds: least time to count for.

    Returns:
        dict of `samples_per_s` and `other_cores`, how many cores other processes kept busy.
    """
    for _ in range(2):
        way()
    wait_quiet(limit=30)
    count, end = 0, time.monotonic() + seconds
    with Watch() as watch:
        while time.monotonic() < end:
            count += way()
    return {
        "samples_per_s": count / watch.seconds,
        "other_cores": watch.others / watch.seconds,
    }
