"""When a run evaluates itself."""

import math

PERIODS = 20  # rows of the history of a run that is shorter than this many epochs
EARLY = (25, 50, 75, 100)  # the first steps, when periods are longer: collapse happens early


def period_ends(steps, steps_per_epoch):
    """Returns the steps after which a row of the history is written and embeddings are diagnosed.

    Args:
        steps: int, steps of the whole run.
        steps_per_epoch: int.

    Returns:
        set of int, `steps` among them.
    """
    period = max(1, min(steps_per_epoch, math.ceil(steps / PERIODS)))
    ends = {*range(period, steps, period), steps}
    if period <= EARLY[0]:
        return ends
    return {*EARLY, *(end for end in ends if end > EARLY[-1])}
