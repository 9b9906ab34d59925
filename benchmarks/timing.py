"""How fast a step is on a machine that others use too."""

import os
import statistics
import time

import psutil

QUIET_FRACTION = 0.15  # of a core, which others may take while a step still counts as quiet
TICK_SLACK = 0.04  # seconds: the system counts CPU time in ticks of 10 ms a core


def _busy_seconds():
    """CPU seconds that anyone has used since boot, those that a hypervisor took included."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)


class Watch:
    """Times a piece of work and the CPU that others took meanwhile.

    Attributes:
        seconds: wall time of the work.
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
        """Tells whether others left this process the cores that it uses."""
        return self.others < (QUIET_FRACTION + spare_cores) * self.seconds + TICK_SLACK


def wait_quiet(spare_cores=0, limit=60.0):
    """Waits until others leave the machine alone for a second.

    Args:
        spare_cores: cores that the work will not use.
        limit: seconds after which it gives up waiting.
    """
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with Watch() as watch:
            time.sleep(1.0)
        if watch.quiet(spare_cores):
            return


def time_steps(step, threads, warmup=3, steps=20, budget=60.0):
    """Times a step, over the calls during which the machine was left alone.

    Args:
        step: function without arguments that returns once its work is done.
        threads: cores that it uses.
        warmup: untimed calls; the first one traces.
        steps: quiet calls wanted; at most twice as many are made.
        budget: seconds after which no more are made, three at least.

    Returns:
        dict with `step_s`, the median over the quiet steps where there are three of them and over
        all otherwise, and what tells how far to trust it.
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
