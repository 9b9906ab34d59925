"""After which steps the workers of a run look at what they have asked of each other."""

import math
import time

SECONDS, MOST = 1.0, 64  # steps


class Looks:
    """Counts steps from one look to the next: a look waits for the device, so it is had rarely.

    Steps take as long as they take, and all workers must look after the same ones: whether steps
    are so slow that it should be more often is among what they ask each other. If any of them says
    so, half as many steps follow, else twice as many: they last SECONDS to within a factor of two,
    or are one, or MOST.
    """

    def __init__(self):
        self._every = self._left = 1
        self._pace, self._since = math.inf, time.monotonic()

    def are_rare(self):
        """Says whether as many steps as now, at the pace of the last ones, last over SECONDS."""
        return self._every * self._pace > SECONDS

    def begin_step(self):
        """Counts a step, before it."""
        self._left -= 1

    def is_due(self):
        """Says whether to look after this step."""
        return self._left == 0

    def looked(self, rare):
        """Settles when to look next.

        Args:
            rare: bool, the same on all workers, whether `are_rare` was so on one of them.
        """
        now = time.monotonic()
        self._pace, self._since = (now - self._since) / self._every, now
        self._every = max(1, self._every // 2) if rare else min(2 * self._every, MOST)
        self._left = self._every
