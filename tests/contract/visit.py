"""One visit to a method: what is built, traced and computed once, for all properties."""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf

from mmssl.runs.checkpoint import load_state, save_state, state_variables
from mmssl.strategy import make_strategy
from tests.contract import on_jax, on_workers, seconds
from tests.contract.building import built, mirrored, policy, prepared

STEPS, MORE = 5, 2  # up to the checkpoint, and after it


@dataclass
class Course:
    """What came of the first steps.

    Attributes:
        start: weights before the first step, one array.
        losses: of each step.
        figures: metrics of each step, dicts of float.
        moved: how far the weights went in each step.
        weights: after the last step, one array.
        changes: of each of `method.weights`, from the first step to the last.
    """

    start: np.ndarray
    losses: list
    figures: list
    moved: list
    weights: np.ndarray
    changes: list

    @property
    def way(self):
        return self.weights - self.start


class Visit:
    """Computes what the properties of a case are read from, when the first one asks for it.

    Args:
        case: Case.
        name: its name.
        folder: where checkpoints and exports are written.
    """

    def __init__(self, case, name, folder):
        # As a run does: what is trained twice must come out the same bit by bit.
        tf.config.experimental.enable_op_determinism()
        self.case, self.name, self.folder = case, name, folder
        self.config = case.config(*case.still)

    @cached_property
    def data(self):
        return prepared(self.config["data"])

    @cached_property
    def _dataset(self):
        return self.data.batches(seed=0)

    @cached_property
    def batches(self):
        """The first training batches, dicts of arrays."""
        return list(self._dataset.take(STEPS + MORE).as_numpy_iterator())

    @property
    def untrained(self):
        """The method as its recipe has it, with dropout, before its first step."""
        return self._with_dropout if self.case.still else self.at("start")

    @cached_property
    def _with_dropout(self):
        return built(self.case.config(), self.batches)

    @cached_property
    def other(self):
        """The same from another seed, adapted to other data, and its encoder's first weights."""
        method = built(self.case.config(), self.batches[-1:], seed=1)
        return method, joined(method.encoder.get_weights())

    @cached_property
    def _trained(self):
        """The method, what came of its first steps, and what of those after the checkpoint."""
        method = built(self.config, self.batches)
        method.make_train_function()
        save_state(self.folder / "start.npz", method, {})
        course = train(method, self.batches[:STEPS])
        save_state(self.folder / "middle.npz", method, {})
        return method, course, self._go_on(method)

    @cached_property
    def one(self):
        """The Course on one replica in float32."""
        return self._trained[1]

    @property
    def uninterrupted(self):
        """What came of the steps after the checkpoint: losses, and all state but the metrics'."""
        return self._trained[2]

    def resumed(self):
        """What comes of these steps when the checkpoint is brought back and they are done again."""
        return self._go_on(self.at("middle"))

    def _go_on(self, method):
        # Metrics go on too: they are part of a checkpoint.
        logs = [method.train_function([batch]) for batch in self.batches[STEPS:]]
        means = {id(v) for v in method.metrics_variables}
        state = [v.numpy() for v in state_variables(method) if id(v) not in means]
        return [float(x["loss"]) for x in logs], state

    def at(self, place):
        """The traced method, brought back to the `start` or the `middle` of its training."""
        method = self._trained[0]
        load_state(self.folder / f"{place}.npz", method)
        return method

    @cached_property
    def _shared_out(self):
        """The training batches, each in equal shares on two replicas."""
        batches = iter(mirrored().experimental_distribute_dataset(self._dataset))
        return [next(batches) for _ in range(STEPS)]

    @cached_property
    def two(self):
        """The Course on two replicas in float32."""
        with mirrored().scope():
            method = built(self.config, self.batches)
            method.make_train_function()
        return train(method, self._shared_out)

    def in_bfloat16(self, replicas):
        """The Course on one replica or on two in mixed precision."""
        strategy = mirrored() if replicas == 2 else make_strategy("auto")
        with policy("mixed_bfloat16"):
            with strategy.scope():
                method = built(self.config, self.batches)
                method.make_train_function()
            return train(method, self._shared_out if replicas == 2 else self.batches[:STEPS])

    def on_workers(self, count):
        """The Courses of some workers, each a process with its parts of the batches."""
        arguments = (self.config, self.batches, STEPS)
        return on_workers.on_each(count, on_workers.train, *arguments)

    @cached_property
    def on_jax(self):
        """Losses and weights on Keras' JAX backend, from the same start."""
        return self._with_jax(on_jax.process(), 1)

    def on_devices_of_jax(self, count):
        """The same where some virtual devices share each batch."""
        return self._with_jax(on_jax.process(on_jax.MOST), count)

    def _with_jax(self, process, devices):
        arguments = (self.config, self.at("start").get_weights(), self.batches[:STEPS], devices)
        losses, weights, spent = process.submit(on_jax.train, *arguments).result()
        seconds.add(self.name, **spent)
        return losses, joined(weights)


def train(method, batches):
    """Trains a method for a step on each batch.

    Returns:
        Course.
    """
    states, figures = [method.get_weights()], []
    for batch in batches:
        method.reset_metrics()
        figures.append({n: float(x) for n, x in method.train_function([batch]).items()})
        states.append(method.get_weights())
    flat = [joined(weights) for weights in states]
    return Course(
        start=flat[0],
        losses=[one["loss"] for one in figures],
        figures=figures,
        moved=[np.linalg.norm(b - a) for a, b in itertools.pairwise(flat)],
        weights=flat[-1],
        changes=[b - a for a, b in zip(states[0], states[-1], strict=True)],
    )


def joined(weights):
    """Joins arrays to one, without counters, beside whose steps those of weights are small."""
    flat = [w.ravel() for w in weights if w.dtype.kind == "f"]
    return np.concatenate([np.empty(0), *flat])  # some methods have none of a kind
