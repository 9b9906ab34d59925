"""Dynamic batching: calls that wait at the same time are computed together."""

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from mmssl.serving.contract import Call
from mmssl.serving.errors import RefusedError
from mmssl.serving.joining import Joiner

logger = logging.getLogger(__name__)


@dataclass
class _Waiting:
    call: Call
    key: object
    future: Future = field(default_factory=Future)
    arrived: float = field(default_factory=time.monotonic)


class Batcher:
    """Computes the calls of one model, in one thread.

    Calls of a signature are joined as `Joiner` allows, in the order of their arrival: up to
    `largest` examples, and no longer than `wait` after the first has come.

    Args:
        signatures: dict of `mmssl.serving.model.Signature` by name.
        largest: examples of a batch, 1 or more; a call with more is computed alone.
        wait: seconds that the first call of a batch waits for others, 0 or more.
        watch: function of the number of examples of each batch; None for none.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(self, signatures, largest=32, wait=0.002, watch=None):
        for name, value, least in (("largest", largest, 1), ("wait", wait, 0)):
            if not value >= least:
                raise ValueError(f"{name} must be {least} or more, got {value}.")
        self._signatures = signatures
        self._joiners = {name: Joiner(signature) for name, signature in signatures.items()}
        self._largest, self._wait, self._watch = largest, wait, watch
        self._pending, self._closed = deque(), False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self._thread.start()

    def submit(self, call):
        """Puts a call into the queue.

        Args:
            call: `mmssl.serving.contract.Call` of one of the signatures.

        Returns:
            concurrent.futures.Future of a dict of arrays by output. As long as it waits it can be
            cancelled.

        Raises:
            RefusedError: the queue is closed.
        """
        waiting = _Waiting(call, self._joiners[call.signature].key(call))
        with self._changed:
            if self._closed:
                raise RefusedError("UNAVAILABLE", "The server is stopping.")
            self._pending.append(waiting)
            self._changed.notify()
        return waiting.future

    @property
    def is_alive(self):
        """Whether the thread that computes is there."""
        return self._thread.is_alive()

    def close(self):
        """Computes what waits, and ends."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed)
                if not self._pending:
                    return
                self._await_others()
                group = self._take()
            self._run([waiting for waiting in group if self._starts(waiting)])

    def _await_others(self):
        end = self._pending[0].arrived + self._wait

        def is_enough():
            return self._closed or sum(w.call.examples for w in self._pending) >= self._largest

        if self._pending[0].key is not None:
            self._changed.wait_for(is_enough, max(end - time.monotonic(), 0))

    def _take(self):
        first = self._pending.popleft()
        group, rows, kept = [first], first.call.examples, deque()
        joiner = self._joiners[first.call.signature]
        while first.key is not None and self._pending and rows < self._largest:
            other = self._pending.popleft()
            joins = (
                other.key == first.key
                and rows + other.call.examples <= self._largest
                and joiner.fits([waiting.call for waiting in group], other.call)
            )
            (group if joins else kept).append(other)
            rows += other.call.examples if joins else 0
        self._pending.extendleft(reversed(kept))
        return group

    @staticmethod
    def _starts(waiting):
        return waiting.future.set_running_or_notify_cancel()

    def _run(self, group):
        if not group:
            return
        try:
            results = self._results([waiting.call for waiting in group])
        except Exception as error:
            self._fail(group, error)
            return
        for waiting, result in zip(group, results, strict=True):
            waiting.future.set_result(result)

    def _results(self, calls):
        name = calls[0].signature
        joiner = self._joiners[name]
        outputs = self._signatures[name](joiner.join(calls))
        results = joiner.split(outputs, calls)
        if self._watch:
            self._watch(sum(call.examples for call in calls))
        return results

    def _fail(self, group, error):
        """Lets a call that fails alone not fail those that it was joined with."""
        if len(group) > 1:
            for waiting in group:
                self._run([waiting])
            return
        if not isinstance(error, RefusedError):
            logger.error("A call of %s failed.", group[0].call.signature, exc_info=error)
            error = RefusedError("INTERNAL", "The model failed; the server's log says why.")
        group[0].future.set_exception(error)
