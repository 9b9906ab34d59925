"""Where the batches of a run come from: its pipeline, or a data service; each replica its part."""

from functools import cached_property

import keras

from mmssl.training.service import Service, check_target


def check_service(target, workers):
    """Checks that a data service can feed a run.

    Args:
        target: address of its dispatcher; None for no service.
        workers: Workers of the run.

    Raises:
        ValueError: it cannot.
    """
    if target is None:
        return
    if workers.count > 1:
        raise ValueError(
            f"fit.data_service feeds one process, and TF_CONFIG names {workers.count}: "
            "leave it out, and each worker makes its own part of every batch."
        )
    check_target(target)


class Batches:
    """The batches of a run, from any step on.

    Args:
        data: Pipeline of the run; it need not be prepared yet.
        spec: its section of the recipe.
        fit: Fit.
        folder: RunFolder.
        workers: Workers.
        strategy: what `make_strategy` returned.
    """

    def __init__(self, data, spec, fit, folder, workers, strategy):
        self._data, self._spec, self._fit = data, spec, fit
        self._folder, self._workers, self._strategy = folder, workers, strategy

    @cached_property
    def first(self):
        """The dataset from the first step on, traced once for everything that reads it."""
        return self._data.batches(seed=self._fit.seed)

    def from_step(self, step):
        """Returns an iterator; on several replicas, each has its part of every batch.

        Args:
            step: int, 0 or more.
        """
        parts = self._workers.parts(self._strategy)
        if parts.of > 1:
            share = self._data.batches(step, self._fit.seed, parts)
            return iter(self._strategy.distribute_datasets_from_function(lambda _: share))
        dataset = self._dataset(step)
        if keras.backend.backend() == "jax":
            return dataset.as_numpy_iterator()
        if self._strategy.num_replicas_in_sync > 1:
            dataset = self._strategy.experimental_distribute_dataset(dataset)
        return iter(dataset)

    def _dataset(self, step):
        if self._fit.data_service is not None:
            return self._service.batches(step)
        return self._data.batches(step, self._fit.seed) if step else self.first

    @cached_property
    def _service(self):
        target, seed = self._fit.data_service, self._fit.seed
        return Service(target, self._data, self._spec, self._folder.path, seed)
