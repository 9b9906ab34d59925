"""Where the batches of a run come from: its pipeline, or a data service; each replica its part."""

from functools import cached_property

import keras

from mmssl.training.service import Service, check_target


def check_service(target):
    """Raises a ValueError where a data service, if there is to be one, does not answer."""
    if target is not None:
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

    def from_step(self, step, anew=False):
        """Returns an iterator; on several replicas, each has its part of every batch.

        Args:
            step: int, 0 or more.
            anew: whether the data have another order than when `first` was made.
        """
        dataset = self._dataset(step, anew)
        if self._parts.of > 1:
            return iter(self._strategy.distribute_datasets_from_function(lambda _: dataset))
        if keras.backend.backend() == "jax":
            return dataset.as_numpy_iterator()
        if self._strategy.num_replicas_in_sync > 1:
            dataset = self._strategy.experimental_distribute_dataset(dataset)
        return iter(dataset)

    def _dataset(self, step, anew):
        if self._fit.data_service is not None:
            return self._service.batches(step)
        if step == 0 and self._parts.of == 1 and not anew:
            return self.first
        return self._data.batches(step, self._fit.seed, self._parts)

    @cached_property
    def _parts(self):
        return self._workers.parts(self._strategy)

    @cached_property
    def _service(self):
        target, place = self._fit.data_service, self._folder.path
        return Service(target, self._data, self._spec, place, self._fit.seed, self._parts)
