"""Writing checkpoints beside the training."""

import logging
from concurrent.futures import ThreadPoolExecutor

logger = logging.getLogger(__name__)


class Background:
    """Runs one task at a time in another thread, inside of a block.

    An error of a task is raised where the next one is given, where `wait` is called or where the
    block ends; if the block ends with another error, it is logged.
    """

    def __init__(self):
        self._pool, self._task = ThreadPoolExecutor(1, "checkpoint"), None

    def __enter__(self):
        return self

    def __call__(self, task):
        """Starts a task, a function without arguments, when the one before has ended."""
        self.wait()
        self._task = self._pool.submit(task)

    def wait(self):
        """Waits for the task that runs, if there is one, and raises its error."""
        task, self._task = self._task, None
        if task is not None:
            task.result()

    def __exit__(self, kind, error, trace):
        self._pool.shutdown()
        try:
            self.wait()
        except Exception as failed:
            if error is None:
                raise
            logger.warning("%s", failed)
