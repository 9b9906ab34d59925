"""How many steps a run has, by what its recipe asks for: steps, epochs or minutes."""

import json
import time

from mmssl.runs.checkpoint import state_variables
from mmssl.runs.checksums import write_noted

WARM_STEPS, TIMED_STEPS = 4, 12  # of the timing that converts minutes to steps


def plan_steps(fit, steps_per_epoch, folder, workers, seconds_per_step):
    """Chooses and stores the number of steps, so that a resumed run has the same schedule.

    Args:
        fit: Fit.
        steps_per_epoch: int.
        folder: RunFolder; what it has planned before stays.
        workers: Workers, all of which take as many steps as the chief says.
        seconds_per_step: function that times a step on all workers; called for minutes alone.

    Returns:
        int.
    """
    [planned] = workers.from_chief(folder.plan.exists())
    if planned:
        return folder.read_plan()["steps"]
    steps = _steps(fit, steps_per_epoch, workers, seconds_per_step)
    if workers.is_chief:
        plan = {"steps": steps, "steps_per_epoch": steps_per_epoch}
        write_noted(folder.plan, json.dumps(plan))
    return steps


def _steps(fit, steps_per_epoch, workers, seconds_per_step):
    """The number of steps that the recipe asks for."""
    limits = [fit.steps, fit.epochs and max(1, round(fit.epochs * steps_per_epoch))]
    if fit.minutes:
        [seconds] = workers.from_chief(seconds_per_step())
        limits.append(max(1, int(fit.minutes * 60 / seconds)))
    return min(limit for limit in limits if limit)


def time_step(method, batches):
    """Times the first steps of a method, and puts its weights back.

    Args:
        method: Pretrainer, compiled.
        batches: iterator of the batches that it is trained on.

    Returns:
        float, seconds a step.
    """
    before = [v.numpy() for v in state_variables(method)]
    for i in range(WARM_STEPS + TIMED_STEPS):
        if i == WARM_STEPS:
            start = time.perf_counter()
        logs = method.take_step(next(batches))
    float(logs["loss"])
    seconds = (time.perf_counter() - start) / TIMED_STEPS
    for variable, value in zip(state_variables(method), before, strict=True):
        variable.assign(value)
    return seconds
