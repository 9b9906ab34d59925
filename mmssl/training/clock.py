"""How the time of a run is spent."""

import time

import tensorflow as tf

from mmssl.pipelines.sources.scan import plain_reason


class Clock:
    """Measures total time and time spent waiting for input, over the run and within a period.

    Args:
        position: dict with the `seconds` and `waited` so far.
    """

    def __init__(self, position):
        self.seconds, self.waited = position["seconds"], position["waited"]
        self._period = (self.seconds, self.waited, 0)

    def wait(self, batches):
        """Takes the next batch and counts the time spent waiting for it.

        Raises:
            ValueError: an item could be read when the run started and no longer can.
        """
        self._begin = time.perf_counter()
        try:
            batch = next(batches)
        except tf.errors.OpError as error:
            raise ValueError(
                f"an item of the data can no longer be read ({plain_reason(error.message)}): "
                "restore it, and the same command goes on from the last checkpoint"
            ) from error
        self.waited += time.perf_counter() - self._begin
        return batch

    def stepped(self):
        """Marks the end of the step on the batch that `wait` returned."""
        self.seconds += time.perf_counter() - self._begin
        seconds, waited, steps = self._period
        self._period = (seconds, waited, steps + 1)

    def position(self, step):
        """Returns the position that a checkpoint stores."""
        return {"step": step, "seconds": self.seconds, "waited": self.waited}

    def period(self, batch_size):
        """Returns the timings of the period and starts the next one."""
        seconds, waited, steps = self._period
        spent = self.seconds - seconds
        self._period = (self.seconds, self.waited, 0)
        return {
            "seconds": self.seconds,
            "step_seconds": spent / steps,
            "wait_seconds": (self.waited - waited) / steps,
            "wait_share": (self.waited - waited) / spent,
            "samples_per_second": steps * batch_size / spent,
        }
