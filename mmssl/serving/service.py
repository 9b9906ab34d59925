"""The models of a server and their queues, whatever the protocol."""

import contextlib
import threading
from functools import partial

from mmssl.serving.batching import Batcher
from mmssl.serving.bodies import Buffer
from mmssl.serving.errors import RefusedError
from mmssl.serving.limits import Limits, check_call
from mmssl.serving.metrics import Metrics


class Service:
    """The models of a server and their queues.

    Args:
        models: list of `mmssl.serving.model.Model`, one or more.
        limits: Limits.
        largest_batch: examples that are computed together.
        batch_wait: seconds that a request waits for others.

    Attributes:
        limits: Limits.
        buffer: Buffer, of the bodies of its requests.
        metrics: Metrics.
        models: dict of `mmssl.serving.model.Model` by name.

    Raises:
        ValueError: two models have one name, or an argument is out of its range.
    """

    def __init__(self, models, limits=None, largest_batch=32, batch_wait=0.002):
        names = [model.name for model in models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"Two models are called {twice[0]}: name them by --name.")
        self.limits = limits or Limits()
        self.buffer = Buffer(self.limits.buffered_bytes)
        self.models = dict(zip(names, models, strict=True))
        self.metrics = Metrics(names)
        self._batchers = {
            name: Batcher(
                model.signatures,
                largest_batch,
                batch_wait,
                partial(self.metrics.batch, name),
            )
            for name, model in self.models.items()
        }
        self._admitted, self._lock = dict.fromkeys(names, 0), threading.Lock()
        for name in names:
            self.metrics.watch_load(name, partial(self._admitted.get, name))

    def find(self, name, version=None):
        """Returns a model.

        Args:
            name: str.
            version: int, or None for the one that there is.

        Raises:
            RefusedError: it is not served.
        """
        model = self.models.get(name)
        if model is None or version not in (None, model.version):
            wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise RefusedError("NOT_FOUND", f"Servable not found for request: {wanted}")
        return model

    def versions(self, name, version=None):
        """Returns the states of a model by version.

        Raises:
            RefusedError: there is no such model or version.
        """
        model = self.models.get(name)
        if model is None:
            raise RefusedError("NOT_FOUND", f"Could not find any versions of model {name}")
        if version not in (None, model.version):
            raise RefusedError("NOT_FOUND", f"Could not find version {version} of model {name}")
        return {model.version: "AVAILABLE"}

    @contextlib.contextmanager
    def admitted(self, model):
        """Counts the block as a request of a model that was read and is to be answered.

        Args:
            model: `mmssl.serving.model.Model`.

        Raises:
            RefusedError: as many as `Limits.queue` allows are there already.
        """
        with self._lock:
            if self._admitted[model.name] >= self.limits.queue:
                raise RefusedError(
                    "UNAVAILABLE", f"{self.limits.queue} requests are waiting; try later."
                )
            self._admitted[model.name] += 1
        try:
            with self.metrics.time(model.name):
                yield
        finally:
            with self._lock:
                self._admitted[model.name] -= 1

    def submit(self, model, call):
        """Checks a call and puts it into the queue of its model.

        Args:
            model: `mmssl.serving.model.Model`.
            call: `mmssl.serving.contract.Call`.

        Returns:
            concurrent.futures.Future of a dict of arrays.

        Raises:
            RefusedError: it asks for too much, or the server is stopping.
        """
        check_call(call, model, self.limits)
        return self._batchers[model.name].submit(call)

    @property
    def is_healthy(self):
        """Whether every model can be asked."""
        return all(batcher.is_alive for batcher in self._batchers.values())

    def close(self):
        """Computes what waits, and ends."""
        for batcher in self._batchers.values():
            batcher.close()
