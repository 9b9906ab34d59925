"""Estimates what one device holds during a training step, without the device.

The forward and backward pass of a recipe (of one part of the batch where it accumulates) are traced
at full size on shapes alone, with no value of any weight. The tensors of that graph live from the
operation that makes them to the last that reads them; the most bytes alive at once, plus weights,
gradients and the optimizer's state, are the estimate. It knows no reserve of an allocator and no
workspace of a convolution: a quarter more was measured on a processor. What a loss gathers from the
other devices is counted for one device only.

    python benchmarks/device_memory.py                       # every paper recipe, on 8 devices
    python benchmarks/device_memory.py vision/simclr_paper --devices 32
"""

import argparse
import os

# An output in the memory of an input.
VIEWS = {"Identity", "Reshape", "StopGradient", "ExpandDims", "Squeeze", "PreventGradient"}
SLOTS = {"adamw": 2, "lars": 1, "sgd": 1}  # tensors of the optimizer's state per weight
GIB = 2**30


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mmssl.runs import recipe_names

    names = options.recipes or [name for name in recipe_names() if name.endswith("_paper")]
    print(
        "| recipe | batch a device | weights | memory | with `fit.remat` |\n|---|---|---|---|---|"
    )
    for name in names:
        rows, weights, *totals = estimate(name, options.devices, options.overrides)
        memory = " | ".join(f"{total / GIB:.1f} GiB" for total in totals)
        print(f"| `{name}` | {rows} | {weights / 1e6:.0f} M | {memory} |", flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="names of recipes; all paper recipes if none")
    parser.add_argument("--devices", type=int, default=8, help="devices that share a batch")
    options, options.overrides = parser.parse_known_args()
    return options


def estimate(name, devices, overrides=()):
    """Estimates the memory of a recipe.

    Args:
        name: of the recipe.
        devices: int, devices that share a batch.
        overrides: list of str, see `read_recipe`.

    Returns:
        rows of a batch on a device; number of weights, those of a teacher included; bytes without
        and with `fit.remat`.
    """
    import keras

    from mmssl.runs.recipe import open_recipe

    keras.config.set_dtype_policy("float32")
    config, data = open_recipe(name, overrides)
    rows, parts = data.batch_size // devices, config["fit"]["accumulate"]
    keras.config.set_dtype_policy(config["fit"]["precision"])
    spec, batch = method_spec(config), batch_spec(config["data"])
    slots, totals = 1 + SLOTS[config["fit"]["optimizer"]], []  # and the gradient
    for remat in (False, True):
        graph, weights, trainable = traced(spec, batch, rows // parts, remat)
        totals.append(4 * (weights + slots * trainable) + peak_bytes(graph))
    return rows, weights, *totals


def method_spec(config):
    """Returns the method's section; an encoder from another run is of that run's recipe."""
    from mmssl.runs.recipe import open_recipe

    method = config["method"]
    if not method["init_args"]["encoder"]["class_path"].endswith("load_encoder"):
        return method
    other, _ = open_recipe("text/bert_paper")
    encoder = other["method"]["init_args"]["encoder"]
    return {**method, "init_args": {**method["init_args"], "encoder": encoder}}


def batch_spec(spec):
    """Returns the shapes and dtypes of a batch; they do not depend on the data."""
    import numpy as np

    from mmssl.runs.recipe import build

    arguments = {**spec["init_args"], "batch_size": 8}
    if "vocabulary_size" in arguments:
        arguments |= {"vocabulary_size": 300, "limit": 8}
    elif "window" in arguments:  # of sound
        arguments["source"] = np.full((8, arguments["window"]), 0.1, "float32")
    if "vocabulary" in arguments:
        arguments["vocabulary"] = None
    return build({**spec, "init_args": arguments}).batches().element_spec


def traced(spec, batch, rows, remat=False):
    """Traces a method's forward and backward pass.

    Returns:
        tf.Graph, number of weights, number of trainable weights.
    """
    import keras
    import tensorflow as tf

    from mmssl.layers.color import gamut_bins
    from mmssl.methods.bases.remat import set_remat
    from mmssl.runs.recipe import build

    gamut_bins(10)  # constants of colorization, kept once they are computed

    def placeholder(shape, dtype):
        return tf.compat.v1.placeholder(dtype, shape)

    # In a stateless scope variables have no value, and read what they are mapped to.
    with tf.__internal__.FuncGraph("step").as_default() as graph:
        with keras.StatelessScope():
            method = build(spec)
            set_remat(method, remat)
        variables = list({id(v): v for v in every_variable(method)}.values())
        values = [(v, placeholder(v.shape, v.dtype)) for v in variables]
        inputs = {n: placeholder([rows, *s.shape[1:]], s.dtype) for n, s in batch.items()}
        known = {id(v): value for v, value in values}
        sources = [known[id(v)] for v in method.trainable_variables]
        with keras.StatelessScope(state_mapping=values), tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = method(inputs, training=True)
            loss = method.compute_loss(x=inputs, y_pred=outputs, training=True)
        tape.gradient(loss, sources)
    return graph, size(method.weights), size(method.trainable_variables)


def every_variable(method):
    """Yields the weights, the metrics' and what the layers count."""
    yield from method.variables
    for metric in method._means.values():
        yield from metric.variables
    for layer in method._flatten_layers():
        yield from layer.variables


def size(variables):
    """Returns the number of elements of a list of variables."""
    import numpy as np

    return int(sum(np.prod(v.shape) for v in variables))


def peak_bytes(graph):
    """Returns the most bytes of tensors alive at once, in the order in which they were traced."""
    operations = graph.get_operations()
    owner, last = {}, {}
    for place, operation in enumerate(operations):
        for tensor in operation.outputs:
            seen = viewed(operation, tensor)
            owner[tensor.ref()] = owner.get(seen.ref(), seen)
        # What a loop stacks for its gradient is read before it is made, in this order.
        for tensor in (*operation.outputs, *operation.inputs):
            last[owner.get(tensor.ref(), tensor).ref()] = place
    ending = [[] for _ in operations]
    for reference, place in last.items():
        ending[place].append(reference.deref())
    alive = most = 0
    for place, operation in enumerate(operations):
        made = [t for t in operation.outputs if owner[t.ref()] is t and is_counted(operation)]
        alive += sum(map(bytes_of, made))
        most = max(most, alive)
        alive -= sum(bytes_of(t) for t in ending[place] if is_counted(t.op))
    return most


def viewed(operation, tensor):
    """Returns the input in whose memory an output of an operation lies, or the output itself."""
    if operation.type == "IdentityN":
        return operation.inputs[tensor.value_index]
    if called(operation):
        return returned(operation, tensor)
    return operation.inputs[0] if operation.type in VIEWS else tensor


def called(operation):
    """Returns the graph of the function that an operation calls, or None if it calls none."""
    if operation.type not in ("PartitionedCall", "StatefulPartitionedCall"):
        return None
    return operation.graph._get_function(operation.get_attr("f").name).graph


def returned(call, tensor):
    """Returns the input that a function returns as it is, or the function's output itself."""
    graph = called(call)
    source = graph.outputs[tensor.value_index]
    while (inner := viewed(source.op, source)) is not source:
        source = inner
    given = {x.ref(): outer for x, outer in zip(graph.inputs, call.inputs, strict=True)}
    return given.get(source.ref(), tensor)


def is_counted(operation):
    """Returns whether an operation's outputs are made in the step: weights are counted apart."""
    return operation.type not in ("Placeholder", "Const")


def bytes_of(tensor):
    """Returns the bytes of a tensor; one of unknown shape, such as a count, is small."""
    count = tensor.shape.num_elements() if tensor.shape.is_fully_defined() else 0
    return count * (tensor.dtype.size or 0)


if __name__ == "__main__":
    main()
