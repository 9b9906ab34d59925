"""Counts what the replicas of a training step send each other, from its traced graph.

Every recipe is traced on two replicas with two batches, under the collectives that workers and GPUs
use. What is reduced or gathered grows linearly with the global batch B:

    reduced  = fixed + per example x B    bytes that each replica has, summed over all of them
    gathered = per example x B            bytes that each replica ends with

and a ring of R replicas sends, from each, (R - 1) / R x (2 x reduced + gathered).

    python benchmarks/communication.py                   # every recipe but those of papers
    python benchmarks/communication.py vision/vicreg --method.projector [2048,8192]
    python benchmarks/communication.py vision/simclr --fit.synchronize false
"""

import argparse
import functools
import os
from dataclasses import dataclass

REDUCE, GATHER = "CollectiveReduceV2", "CollectiveGatherV2"
REPLICAS = 2


@dataclass
class Sent:
    """What one replica gives to collectives in a step.

    Attributes:
        reduced: list of int, bytes of each tensor that is summed over the replicas.
        gathered: list of int, bytes of each tensor that all replicas get.
    """

    reduced: list
    gathered: list


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mmssl.runs import recipe_names

    names = options.recipes or [n for n in recipe_names() if not n.endswith("_paper")]
    print("| recipe | weights | collectives | fixed | reduced an example | gathered an example |")
    print("|---|---|---|---|---|---|")
    for name in names:
        print(row(name, options.overrides), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="names of recipes; all but the papers' if none")
    options, options.overrides = parser.parse_known_args()
    return options


def row(name, overrides=()):
    """Returns a recipe's line of the table."""
    weights, batch, sent = counted(name, overrides)
    _, _, twice = counted(name, [*overrides, f"--data.batch_size={2 * batch}"])
    growing = (sum(twice.reduced) - sum(sent.reduced)) / batch
    fixed = sum(sent.reduced) - growing * batch
    gathered = REPLICAS * (sum(twice.gathered) - sum(sent.gathered)) / batch
    count = len(sent.reduced) + len(sent.gathered)
    return (
        f"| `{name}` | {weights / 1e6:.2f} M | {count} | {fixed / 1e6:.2f} MB | {growing:.0f} B "
        f"| {gathered:.0f} B |"
    )


def counted(name, overrides=()):
    """Traces a step of a recipe and counts what is sent.

    Args:
        name: of the recipe.
        overrides: list of str, see `read_recipe`.

    Returns:
        number of trainable weights; examples of a batch; Sent of one of the replicas.
    """
    import keras
    import numpy as np
    from memory import batch_spec, method_spec

    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import open_recipe

    config, data = open_recipe(name, overrides)
    fit = Fit(**config["fit"])
    keras.config.set_dtype_policy(fit.precision)
    shapes = batch_spec(config["data"])
    rows = data.batch_size // REPLICAS
    batch = {n: np.zeros([rows, *s.shape[1:]], s.dtype.as_numpy_dtype) for n, s in shapes.items()}
    method, graph = traced(method_spec(config), fit, batch)
    weights = sum(int(np.prod(v.shape)) for v in method.trainable_variables)
    keras.backend.clear_session()
    return weights, data.batch_size, of_graph(graph)


def traced(spec, fit, batch):
    """Traces the training step of a method on replicas that have this batch each."""
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
    shares = strategy.experimental_distribute_values_from_function(
        lambda _: tf.nest.map_structure(tf.constant, batch)
    )
    step = tf.function(lambda share: strategy.run(method.train_step, (share,)), autograph=False)
    return method, step.get_concrete_function(shares).graph


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
    """Counts the collectives of the first replica in a traced step.

    Args:
        graph: tf.Graph.

    Returns:
        Sent.
    """
    sent = Sent([], [])
    for operation in graph.get_operations():
        if operation.type in (REDUCE, GATHER) and operation.device.endswith("CPU:0"):
            given = operation.inputs[0]
            bytes_ = given.shape.num_elements() * given.dtype.size
            (sent.reduced if operation.type == REDUCE else sent.gathered).append(bytes_)
    return sent


if __name__ == "__main__":
    main()
