"""Follows how far two replicas come apart from one, beside what a rounding of the weights does.

Replicas add up in another order, which rounds elsewhere. Whether more than that makes them differ
is seen by what else is trained from the same batches: one replica whose first weights are each off
by one rounding, up or down at random, and, with --precision float64, all of it in roundings of
2e-16. A fault would stay what it is; rounding shrinks with the precision.

The distance is that of all weights, relative to how far they have gone by then. Below it stand the
variables that end up farthest apart, each relative to its largest value, with the size of their
gradients (the root of AdamW's second moments, relative to the largest of all variables): where that
is rounding alone, AdamW makes steps of it as large as any.

    python benchmarks/rounding.py audio/simclr --data.batch_size=8
    python benchmarks/rounding.py audio/simclr --data.batch_size=8 --precision float64
"""

import argparse
import os

import numpy as np

SHOWN = (1, 2, 5, 10, 20, 40, 80)  # steps


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    virtual = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, virtual)
    from mmssl.runs.recipe import open_recipe
    from mmssl.strategy import make_strategy

    config, data = open_recipe(options.recipe, options.overrides)
    keras.config.set_floatx(options.precision)
    keras.config.set_dtype_policy(options.precision)
    batches = list(data.batches(seed=0).take(options.steps).as_numpy_iterator())
    one, mirrored = tf.distribute.get_strategy(), make_strategy("mirrored")
    whole = trained(config, batches, one)
    others = {
        "two replicas": trained(config, batches, mirrored),
        "one, rounded once": trained(config, batches, one, rounded=True),
    }
    shown = [step for step in SHOWN if step <= options.steps]
    print(f"| {options.recipe}, {options.precision} | {' | '.join(map(str, shown))} |")
    print(f"|---|{len(shown) * '---|'}")
    for name, other in others.items():
        for what, distances in (("weights", whole.apart(other)), ("loss", whole.losses_off(other))):
            cells = [f"{distances[step - 1]:.0e}" for step in shown]
            print(f"| {name}: {what} | {' | '.join(cells)} |")
    print("\n| variable | gradient | two replicas | one, rounded once |\n|---|---|---|---|")
    for row in whole.farthest(others.values(), options.most):
        print(f"| {' | '.join(row)} |")


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", help="name of a recipe")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--precision", choices=("float32", "float64"), default="float32")
    parser.add_argument("--most", type=int, default=6, help="variables to show")
    options, options.overrides = parser.parse_known_args()
    return options


class Course:
    """What came of a training.

    Attributes:
        names: of the weights that are numbers, by their path.
        states: list of lists of arrays, the weights before the first step and after each.
        losses: list of float.
        gradients: dict from name to the size of the gradient; without AdamW empty.
    """

    def __init__(self, method, batches):
        kept = [v for v in method.weights if "float" in str(v.dtype)]
        self.names, self.states, self.losses = [v.path for v in kept], [values(kept)], []
        for batch in batches:
            method.reset_metrics()
            self.losses.append(float(method.take_step(batch)["loss"]))
            self.states.append(values(kept))
        self.gradients = gradient_sizes(method.optimizer)

    def apart(self, other):
        """Returns, for each step, the distance to another one's weights after it."""
        one, two = (np.stack([joined(x) for x in course.states]) for course in (self, other))
        way = np.linalg.norm(one[1:] - one[0], axis=1)
        return np.linalg.norm(two[1:] - one[1:], axis=1) / way

    def losses_off(self, other):
        """Returns, for each step, the difference of the losses, relative to this one."""
        one, two = np.array(self.losses), np.array(other.losses)
        return np.abs(two - one) / np.abs(one)

    def farthest(self, others, most):
        """Yields the cells of the variables that end farthest from those of the first other."""
        others = list(others)
        apart = [
            [np.abs(x - y).max() / max(np.abs(x).max(), 1e-30) for x, y in zip(*pair, strict=True)]
            for pair in ((self.states[-1], other.states[-1]) for other in others)
        ]
        for i in np.argsort(apart[0])[::-1][:most]:
            size = self.gradients.get(self.names[i])
            gradient = "" if size is None else f"{size:.0e}"
            yield self.names[i], gradient, *(f"{found[i]:.0e}" for found in apart)


def trained(config, batches, strategy, rounded=False):
    """Trains a recipe's method on given batches.

    Args:
        config: dict of `open_recipe`.
        batches: list of dicts of arrays.
        strategy: tf.distribute.Strategy.
        rounded: change each of the first weights by one rounding, up or down at random.

    Returns:
        Course.
    """
    import keras
    import tensorflow as tf

    from mmssl.optimizers.build import build_optimizer
    from mmssl.optimizers.schedules import learning_rate_schedule, weight_decay_schedule
    from mmssl.runs.fit import Fit
    from mmssl.runs.recipe import build

    fit, steps = Fit(**config["fit"]), len(batches)

    def make(variables, rate=1.0, constant=False):
        peak = rate * fit.learning_rate
        schedule = learning_rate_schedule(fit, peak, min(fit.warmup_steps, steps // 4), steps)
        decay = weight_decay_schedule(fit, steps)
        return build_optimizer(fit, variables, peak if constant else schedule, decay)

    keras.utils.set_random_seed(fit.seed)
    dataset = tf.data.Dataset.from_tensor_slices(
        {name: np.stack([batch[name] for batch in batches]) for name in batches[0]}
    )
    with strategy.scope():
        method = build(config["method"])
        method.set_total_steps(steps)
        method.compile(**method.make_optimizers(make))
        method.make_train_function()
    method.adapt(dataset)
    if rounded:
        generator = np.random.default_rng(0)
        for variable in method.trainable_variables:
            value = variable.numpy()
            off = generator.choice([-1.0, 1.0], value.shape) * np.finfo(value.dtype).eps
            variable.assign(value * (1 + off).astype(value.dtype))
    return Course(method, strategy.experimental_distribute_dataset(dataset))


def gradient_sizes(optimizer):
    """Returns the sizes of AdamW's gradients by the paths of their variables."""
    moments = getattr(optimizer, "_velocities", [])
    roots = [float(np.sqrt(v.numpy().mean(dtype="float64"))) for v in moments]
    paths = [v.path for v in optimizer._trainable_variables]
    return {path: root / max(roots) for path, root in zip(paths, roots, strict=bool(moments))}


def values(variables):
    return [v.numpy().astype("float64") for v in variables]


def joined(arrays):
    return np.concatenate([x.ravel() for x in arrays])


if __name__ == "__main__":
    main()
