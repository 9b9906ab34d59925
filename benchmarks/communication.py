"""Counts what the replicas of a training step send each other, from its traced graph.

Every recipe is traced on two replicas with two batches, under the collectives that workers and GPUs
use. What is reduced or gathered grows linearly with the global batch B:

    reduced  = fixed + per example x B    bytes that each replica has, summed over all of them
    gathered = per example x B            bytes that each replica ends with

and a ring of R replicas sends, from each, (R - 1) / R x (2 x reduced + gathered).

    python benchmarks/communication.py                   # every recipe
    python benchmarks/communication.py vision/vicreg --method.projector [2048,8192]
    python benchmarks/communication.py vision/simclr --fit.synchronize false
    python benchmarks/communication.py vision/simclr_paper --gpus   # a model of the time of a step
"""

import argparse
import functools
import math
import os
from dataclasses import dataclass

REDUCE, GATHER = "CollectiveReduceV2", "CollectiveGatherV2"
REPLICAS = 2
GPUS = (8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass
class Step:
    """What a traced step of one replica takes.

    Attributes:
        weights: int, trainable ones.
        batch: int, examples of all replicas together.
        gflop: of the whole batch, forward and backward.
        reduced: list of int, bytes of each tensor that is summed over the replicas.
        gathered: list of int, bytes of each tensor that all replicas get, of this one's part.
    """

    weights: int
    batch: int
    gflop: float
    reduced: list
    gathered: list

    def sent(self, replicas):
        """Returns the bytes that each of some replicas sends in a ring."""
        whole = 2 * sum(self.reduced) + REPLICAS * sum(self.gathered)
        return (replicas - 1) / replicas * whole


@dataclass
class Cluster:
    """What is assumed of a cluster of machines with 8 A100 each.

    Attributes:
        gflops: of a GPU, 40 % of its peak in bfloat16.
        local, remote: bytes a second that a GPU sends, within a machine and between machines.
        launch, hop: seconds of a collective, and of each doubling of the replicas.
        hidden: part of the computation that the sum of gradients can go on beside.
        pack: bytes of gradients that are sent when all of them are there.
    """

    gflops: float = 0.4 * 312e3
    local: float = 230e9
    remote: float = 20e9
    launch: float = 20e-6
    hop: float = 5e-6
    hidden: float = 2 / 3
    pack: float = 32e6

    def seconds(self, step, gpus):
        """Returns the modeled time of a step: computing, and what of the sending is not hidden."""
        rate = self.local if gpus <= 8 else self.remote
        computing = step.gflop / gpus / self.gflops
        gradients = (gpus - 1) / gpus * 2 * max(step.reduced) / rate
        least = min(gradients, (gpus - 1) / gpus * 2 * self.pack / rate)
        others = step.sent(gpus) / rate - gradients
        calls = (len(step.reduced) + len(step.gathered)) * (
            self.launch + self.hop * math.log2(gpus)
        )
        return computing, max(least, gradients - self.hidden * computing) + others + calls


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mmssl.runs import recipe_names

    collectives()  # before TensorFlow settles its devices
    print(
        "| recipe | batch | weights | collectives | fixed | reduced an example "
        "| gathered an example |\n|---|---|---|---|---|---|---|"
    )
    steps = {}
    for name in options.recipes or recipe_names():
        steps[name] = counted(name, options.overrides)
        print(row(name, steps[name], options.overrides), flush=True)
    if options.gpus:
        print(f"\n| recipe, batch | {' | '.join(map(str, GPUS))} |\n|---|{len(GPUS) * '---|'}")
        for name, step in steps.items():
            print(modeled(name, step))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="names of recipes; all if none")
    parser.add_argument("--gpus", action="store_true", help="model a step's time on 8 to 1024, too")
    options, options.overrides = parser.parse_known_args()
    return options


def row(name, step, overrides=()):
    """Returns a recipe's line of the table of what is sent."""
    twice = counted(name, [*overrides, f"--data.batch_size={2 * step.batch}"])
    growing = (sum(twice.reduced) - sum(step.reduced)) / step.batch
    fixed = sum(step.reduced) - growing * step.batch
    gathered = REPLICAS * (sum(twice.gathered) - sum(step.gathered)) / step.batch
    count = len(step.reduced) + len(step.gathered)
    return (
        f"| `{name}` | {step.batch} | {step.weights / 1e6:.2f} M | {count} | {fixed / 1e6:.2f} MB "
        f"| {growing:.0f} B | {gathered:.0f} B |"
    )


def modeled(name, step):
    """Returns a recipe's line of the table of times: milliseconds, and the part that computes."""
    times = [Cluster().seconds(step, gpus) for gpus in GPUS]
    cells = [f"{1e3 * sum(x):.1f} ({x[0] / sum(x):.0%})" for x in times]
    fits = [step.batch % gpus == 0 for gpus in GPUS]
    shown = [cell if fit else "" for cell, fit in zip(cells, fits, strict=True)]
    return f"| `{name}`, {step.batch} | {' | '.join(shown)} |"


def counted(name, overrides=()):
    """Traces a step of a recipe and counts what is computed and sent.

    Args:
        name: of the recipe.
        overrides: list of str, see `read_recipe`.

    Returns:
        Step.
    """
    import keras
    import numpy as np
    import tensorflow as tf
    from device_memory import batch_spec, method_spec

    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import open_recipe

    config, data = open_recipe(name, overrides)
    fit = Fit(**config["fit"])
    keras.config.set_dtype_policy(fit.precision)
    shapes = batch_spec(config["data"])
    rows = data.batch_size // REPLICAS
    batch = {n: tf.TensorSpec([rows, *s.shape[1:]], s.dtype) for n, s in shapes.items()}
    method, graph = traced(method_spec(config), fit, batch)
    weights = sum(int(np.prod(v.shape)) for v in method.trainable_variables)
    keras.backend.clear_session()
    return Step(weights, data.batch_size, *of_graph(graph))


def traced(spec, fit, batch):
    """Traces the training step of a method on replicas that have a batch of these shapes each."""
    import tensorflow as tf

    from mmssl.runs.recipe import build

    strategy = collectives()
    with strategy.scope():
        method = build(spec)
        method.compile(
            **method.make_optimizers(optimizer),
            accumulate=fit.accumulate,
            remat=fit.remat,
            synchronize=fit.synchronize,
        )
    none = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=batch)
    shares = strategy.distribute_datasets_from_function(lambda _: none)
    step = tf.function(lambda share: strategy.run(method.train_step, (share,)), autograph=False)
    return method, step.get_concrete_function(shares.element_spec).graph


def optimizer(variables, rate=1.0, constant=False):
    """Builds an optimizer without a state: none of them sends anything."""
    import keras

    built = keras.optimizers.SGD(rate)
    built.build(variables)
    return built


@functools.cache
def collectives():
    """Returns the strategy of workers, over virtual devices of this process."""
    import tensorflow as tf

    devices = [tf.config.LogicalDeviceConfiguration()] * REPLICAS
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    names = [f"CPU:{i}" for i in range(REPLICAS)]
    return tf.distribute.MultiWorkerMirroredStrategy._from_local_devices(names)


def of_graph(graph):
    """Counts what the first replica computes and sends in a traced step.

    Args:
        graph: tf.Graph.

    Returns:
        gflop of all replicas; bytes of each tensor that is reduced, and of each that is gathered.
    """
    from flops import operation_flop

    own = [x for x in graph.get_operations() if x.device.endswith(":0")]
    gflop = REPLICAS * sum(map(operation_flop, own)) / 1e9
    reduced = [_bytes(x) for x in own if x.type == REDUCE]
    return gflop, reduced, [_bytes(x) for x in own if x.type == GATHER]


def _bytes(operation):
    """Bytes of what a collective is given; it pads rows whose number it cannot know to be equal."""
    given = operation.inputs[0]
    while not given.shape.is_fully_defined():
        given = given.op.inputs[0]
    return given.shape.num_elements() * given.dtype.size


if __name__ == "__main__":
    main()
