"""When a run looks at itself."""

import math

PERIODS = 20  # rows of the history in a run shorter than this many epochs
EARLY = (25, 50, 75, 100)  # the first ones, where periods are longer: collapse comes early


def period_ends(steps, steps_per_epoch):
    """Tells after which steps a row of the history is written and the embeddings are looked at.

    Args:
        steps: of the whole run.
        steps_per_epoch: int.

    Returns:
        set of int, `steps` among them.
    """
    period = max(1, min(steps_per_epoch, math.ceil(steps / PERIODS)))
    ends = {*range(period, steps, period), steps}
    if period <= EARLY[0]:
        return ends
    return {*EARLY, *(end for end in ends if end > EARLY[-1])}
