"""Where the time of a run goes."""

import time


class Clock:
    """Tells waiting for input from work, since the run began and within a period.

    Args:
        position: dict with `seconds` and `waited` so far.
    """

    def __init__(self, position):
        self.seconds, self.waited = position["seconds"], position["waited"]
        self._period = (self.seconds, self.waited, 0)

    def wait(self, batches):
        """Takes the next batch."""
        self._begin = time.perf_counter()
        batch = next(batches)
        self.waited += time.perf_counter() - self._begin
        return batch

    def stepped(self):
        """Notes the end of the step whose batch `wait` returned."""
        self.seconds += time.perf_counter() - self._begin
        seconds, waited, steps = self._period
        self._period = (seconds, waited, steps + 1)

    def position(self, step):
        """Returns what a checkpoint keeps."""
        return {"step": step, "seconds": self.seconds, "waited": self.waited}

    def period(self, batch_size):
        """Returns the figures of the period, and begins the next."""
        seconds, waited, steps = self._period
        spent = self.seconds - seconds
        self._period = (self.seconds, self.waited, 0)
        return {
            "seconds": self.seconds,
            "step_seconds": spent / steps,
            "wait_seconds": (self.waited - waited) / steps,
            "samples_per_second": steps * batch_size / spent,
        }
