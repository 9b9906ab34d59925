"""Counts what the replicas of a training step send each other, from its traced graph.

Every recipe is traced on two replicas with two batches, under the collectives that workers and GPUs
use. What R replicas with a global batch of B examples and P trainable weights send is a sum of four
terms, of which the table has the coefficients:

    reduced  = 4 P + beside + per example x B       bytes that each replica has, and all add up
    gathered = per example x B + per replica x R    bytes that each replica ends with

and a ring sends, from each replica, (R - 1) / R x (2 x reduced + gathered).

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
    """What a step computes and sends, whatever the number of replicas R and the batch B.

    Attributes:
        weights: int, trainable ones.
        batch: int, that of the recipe.
        gflop: of an example, forward and backward.
        collectives: int, sums and gathers.
        fixed: bytes that each replica has to be summed, whatever the batch: gradients and others.
        reduced: bytes an example that each replica has to be summed.
        gathered: bytes an example of all replicas that each ends with.
        rows: bytes of each replica that all end with, whatever the batch.
    """

    weights: int
    batch: int
    gflop: float
    collectives: int
    fixed: float
    reduced: float
    gathered: float
    rows: float

    def sent(self, replicas, batch=None):
        """Returns the bytes that each of some replicas sends in a ring."""
        batch = batch or self.batch
        summed = self.fixed + self.reduced * batch
        whole = 2 * summed + self.gathered * batch + self.rows * replicas
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

    def seconds(self, step, gpus, batch):
        """Returns the modeled time of a step: computing, and what of the sending is not hidden."""
        rate = self.local if gpus <= 8 else self.remote
        ring = 2 * (gpus - 1) / gpus / rate
        computing = step.gflop * batch / gpus / self.gflops
        size = min(4 * step.weights, step.fixed)  # rows of tables are gathered instead
        gradients, last = ring * size, ring * min(size, self.pack)
        others = step.sent(gpus, batch) / rate - gradients
        calls = step.collectives * (self.launch + self.hop * math.log2(gpus))
        return computing, max(last, gradients - self.hidden * computing) + others + calls


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mmssl.runs import recipe_names

    collectives()  # before TensorFlow settles its devices
    print(
        "| recipe | B | P | collectives | beside 4 P | reduced an example | gathered an example "
        "| a replica | sent, R = 8 |\n|---|---|---|---|---|---|---|---|---|"
    )
    steps = {}
    for name in options.recipes or recipe_names():
        steps[name] = counted(name, options.overrides)
        print(row(name, steps[name]), flush=True)
    if options.gpus:
        for title, batch in (("recipe, batch", of_recipe), ("recipe, batch a GPU", of_gpu)):
            print(f"\n| {title} | {' | '.join(map(str, GPUS))} |\n|---|{len(GPUS) * '---|'}")
            for name, step in steps.items():
                print(modeled(name, step, batch))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="names of recipes; all if none")
    parser.add_argument("--gpus", action="store_true", help="model a step's time on 8 to 1024, too")
    options, options.overrides = parser.parse_known_args()
    return options


def row(name, step):
    """Returns a recipe's line of the table of what is sent."""
    sizes = (step.fixed - 4 * step.weights, step.reduced, step.gathered, step.rows, step.sent(8))
    return (
        f"| `{name}` | {step.batch} | {step.weights / 1e6:.2f} M | {step.collectives} "
        f"| {' | '.join(map(amount, sizes))} |"
    )


def amount(size):
    """Returns bytes as text, of three digits or so."""
    if size >= 1e6:
        return f"{size / 1e6:.2f} MB"
    return f"{size / 1e3:.0f} kB" if size >= 1e4 else f"{size:.0f} B"


def of_recipe(step, gpus):
    """Returns the batch of a recipe, and how a table names it; None where GPUs cannot share it."""
    return None if step.batch % gpus else step.batch, step.batch


def of_gpu(step, gpus):
    """Returns the batch of as many rows a GPU as 8 have of a recipe's, and how a table names it."""
    rows = step.batch // 8
    return rows * gpus, rows


def modeled(name, step, batch):
    """Returns a recipe's line of the table of times: milliseconds, and the part that computes."""
    cells = []
    for gpus in GPUS:
        size, named = batch(step, gpus)
        times = Cluster().seconds(step, gpus, size) if size else ()
        cells.append(f"{1e3 * sum(times):.1f} ({times[0] / sum(times):.0%})" if times else "")
    return f"| `{name}`, {named} | {' | '.join(cells)} |"


def counted(name, overrides=()):
    """Traces a step of a recipe with its batch and another, and counts what it computes and sends.

    Args:
        name: of the recipe.
        overrides: list of str, see `read_recipe`.

    Returns:
        Step.
    """
    weights, batch, trace = tracer(name, overrides)
    gflop, reduced, gathered = trace(batch)
    for size in (2 * batch, batch // 2):
        _, reduced_too, gathered_too = trace(size)
        # Where N x D and D x D change places between the two, the line is on the other side.
        if len(reduced_too) == len(reduced) and len(gathered_too) == len(gathered):
            break
    else:
        raise ValueError(f"{name}: with twice and with half of {batch} a step sends other tensors.")
    more = size - batch
    an_example = (sum(reduced_too) - sum(reduced)) / more
    of_all = REPLICAS * (sum(gathered_too) - sum(gathered)) / more
    return Step(
        weights,
        batch,
        gflop / batch,
        len(reduced) + len(gathered),
        sum(reduced) - an_example * batch,
        an_example,
        of_all,
        sum(gathered) - of_all * batch / REPLICAS,
    )


def tracer(name, overrides):
    """Builds a recipe's method on replicas.

    Returns:
        trainable weights; batch; a function of a batch that returns what `of_graph` does of a step.
    """
    import keras
    import numpy as np
    import tensorflow as tf
    from device_memory import batch_spec, method_spec

    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import build, open_recipe

    keras.backend.clear_session()
    config, data = open_recipe(name, overrides)
    fit, shapes = Fit(**config["fit"]), batch_spec(config["data"])
    keras.config.set_dtype_policy(fit.precision)
    strategy = collectives()
    with strategy.scope():
        method = build(method_spec(config))
        method.compile(
            **method.make_optimizers(optimizer),
            accumulate=fit.accumulate,
            remat=fit.remat,
            synchronize=fit.synchronize,
        )
    step = tf.function(lambda share: strategy.run(method.train_step, (share,)), autograph=False)

    def trace(size):
        rows = size // REPLICAS
        batch = {n: tf.TensorSpec([rows, *s.shape[1:]], s.dtype) for n, s in shapes.items()}
        none = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=batch)
        shares = strategy.distribute_datasets_from_function(lambda _: none)
        return of_graph(step.get_concrete_function(shares.element_spec).graph)

    weights = sum(int(np.prod(v.shape)) for v in method.trainable_variables)
    return weights, data.batch_size, trace


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
