"""What the workers of a run do together: wait for each other, agree, and tell when one is lost."""

import contextlib

import keras
import tensorflow as tf

from mmssl.methods.bases.step import Votes
from mmssl.pipelines.parts import WHOLE, Parts
from mmssl.strategy import join_workers, read_cluster
from mmssl.training.looks import Looks

QUESTIONS = ("stop", "save", "look more often")
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)


class Workers:
    """The processes that train a run together, or the only one.

    All of them take the same steps, each on its part of every batch. The chief, worker 0, alone
    writes the run folder, which all must see.

    Attributes:
        count: int.
        index: int, number of this worker.
        is_chief: bool.
    """

    def __init__(self):
        cluster = read_cluster()
        if len(cluster.addresses) > 1 and keras.backend.backend() != "tensorflow":
            raise ValueError(
                f"workers train on TensorFlow: KERAS_BACKEND is {keras.backend.backend()}, and "
                f"TF_CONFIG names {len(cluster.addresses)} of them."
            )
        self.count, self.index = max(1, len(cluster.addresses)), cluster.index
        self.is_chief = cluster.is_chief
        self._addresses = cluster.addresses
        self._strategy = join_workers() if self.count > 1 else None
        self._votes, self._looks = None, Looks()

    def parts(self, strategy):
        """Returns the Parts of every batch that this worker's replicas take, one each."""
        if self.count == 1:
            return WHOLE
        local = strategy.num_replicas_in_sync // self.count
        return Parts(self.index * local, local, self.count * local)

    def vote(self, method):
        """Lets the steps of a method that is not traced yet carry votes."""
        if self.count > 1:
            self._votes = method.votes = Votes(len(QUESTIONS))

    def ask(self, *wishes):
        """Sets, before a step, what this worker asks for.

        Args:
            *wishes: bool, whether to stop, and to write a checkpoint.
        """
        if self._votes is not None:
            self._votes.give([*wishes, self._looks.are_rare()])
            self._looks.begin_step()

    def look(self):
        """Says, after a step, whether to read what came of it, which waits for the device.

        Returns:
            bool, the same on all workers; see `Looks`. The only one may look at any time.
        """
        return self._votes is None or self._looks.is_due()

    def agreed(self, *wishes):
        """Says, after a step, what is to be done.

        Args:
            *wishes: bool, what this worker asks for by now, which counts if it is the only one.

        Returns:
            list of bool, the same on all workers: what any of them asked for before the step; that
            they asked for nothing, where they do not `look`.
        """
        if self._votes is None:
            return list(wishes)
        if not self.look():
            return [False] * len(wishes)
        *asked, rare = self._votes.result()
        self._looks.looked(rare)
        return asked

    def from_chief(self, *numbers):
        """Returns the chief's numbers on every worker, which waits for all others.

        Args:
            *numbers: float, int or bool; those of the others do not count.

        Returns:
            list of float.
        """
        return self._sum(numbers if self.is_chief else [0.0] * len(numbers))

    def together(self, task):
        """Runs a task on all workers; if it fails on one, all of them end.

        Args:
            task: function without arguments.

        Returns:
            what it returns.

        Raises:
            ValueError: it failed here, or on another worker, which says why.
        """
        result, error = None, None
        try:
            result = task()
        except (ValueError, OSError) as found:
            error = found
        failed = self._sum(
            [float(error is not None and i == self.index) for i in range(self.count)]
        )
        if error is not None:
            raise error
        if any(failed):
            others = ", ".join(str(i) for i, one in enumerate(failed) if one)
            raise ValueError(f"worker {others} of {self.count} has ended, and says why.")
        return result

    def chief_first(self, task):
        """Runs a task on the chief, and then, if it has not failed, on the others.

        Args:
            task: see `together`.

        Returns:
            what it returns.

        Raises:
            ValueError: see `together`.
        """
        result = self.together(task if self.is_chief else _nothing)
        if self.count == 1:
            return result
        others = self.together(_nothing if self.is_chief else task)
        return result if self.is_chief else others

    @contextlib.contextmanager
    def noticing_loss(self):
        """Says in one sentence that another worker is gone.

        Raises:
            ConnectionError: one is.
        """
        try:
            yield
        except _LOST as error:
            if self.count == 1:
                raise
            raise ConnectionError(
                f"worker {self.index} of {self.count} has lost another one, and stops: the same "
                f"command on all of them goes on from the last checkpoint ({_first_line(error)})."
            ) from None

    def _sum(self, numbers):
        """Adds numbers up over all workers, which exactly keeps what one of them gives."""
        if self.count == 1:
            return [float(number) for number in numbers]
        with self.noticing_loss():
            return self._strategy.reduce("SUM", tf.constant(numbers, tf.float64), axis=None).numpy()


def _nothing():
    return None


def _first_line(error):
    return str(error.message).strip().splitlines()[0][:200]
