"""What a run would take of this machine, measured over its first steps."""

import resource
import tempfile
from dataclasses import dataclass

import keras

from mmssl.runs import RunFolder
from mmssl.runs.fit import Fit
from mmssl.runs.recipe import open_recipe
from mmssl.training.determinism import determinism, is_deterministic
from mmssl.training.loop import Training

BATCHES = 4  # of the part of the data that is read for the timing


@dataclass(frozen=True)
class Estimate:
    """What a run would take.

    Attributes:
        step_seconds: time of a step.
        steps: number of steps.
        epochs: passes over the data.
        memory: bytes of this process, TensorFlow and the decoded data included.
        gpu_memory: bytes on the first GPU; None without one.
    """

    step_seconds: float
    steps: int
    epochs: float
    memory: int
    gpu_memory: int | None

    @property
    def minutes(self):
        """Time of all steps; the reading before and the report after come on top."""
        return self.steps * self.step_seconds / 60


def estimate(recipe, overrides, count, elements):
    """Trains a few steps on a part of the data, and keeps nothing of it.

    The steps are those of the recipe, with its sizes and its batch, and so is their input.

    Args:
        recipe: see `pretrain`.
        overrides: see `pretrain`.
        count: int, items of the data.
        elements: int, elements of an epoch, about.

    Returns:
        Estimate.

    Raises:
        ValueError: see `pretrain`.
    """
    config, data = open_recipe(recipe, overrides)
    items = BATCHES * data.batch_size * count // elements + 1
    fit, policy = Fit(**config["fit"]), keras.config.dtype_policy()
    try:
        with determinism(is_deterministic(fit)):
            seconds, data = _timed(recipe, overrides, items, count)
    finally:
        keras.config.set_dtype_policy(policy)
    return _of_steps(fit, data, seconds, count / len(data.items))


def _timed(recipe, overrides, items, count):
    """Times steps on the first items; on more, where these few make no element or no batch."""
    config, data = open_recipe(recipe, [*overrides, f"--data.limit={min(items, count)}"])
    try:
        with tempfile.TemporaryDirectory() as folder:
            return Training(config, data, RunFolder(folder), quiet=True).seconds_per_step(), data
    except ValueError:
        if items >= count:
            raise
        return _timed(recipe, overrides, 8 * items, count)


def _of_steps(fit, data, seconds, whole):
    """Reckons from the part of the data, of which the whole has `whole` times the items."""
    epoch = max(1, round(len(data) * whole))
    limits = (
        fit.steps,
        fit.epochs and fit.epochs * epoch,
        fit.minutes and fit.minutes * 60 / seconds,
    )
    steps = max(1, int(min(limit for limit in limits if limit)))
    kept = min(data.cache_bytes, data.kept_bytes() * whole)
    memory = _peak() + int(max(0, kept - data.kept_bytes()))
    return Estimate(seconds, steps, steps / epoch, memory, _gpu_peak())


def _peak():
    """The most memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _gpu_peak():
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return None
    return tf.config.experimental.get_memory_info("GPU:0")["peak"]
