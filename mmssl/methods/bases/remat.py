"""Rematerialization: what an encoder's blocks compute inside is computed twice instead of kept.

`keras.RematScope` loses the gradients of tensors given by keyword, draws dropout anew in the second
run, and moves batch norm's statistics in both. Here a block is a function of its inputs, of its
weights and of the state of its layers, and both runs are given the same.
"""

import re
from functools import partial

import keras
from keras.src.backend import AutocastScope  # the only way to read float32 weights in a model

from mmssl.methods.bases.step import after

# Layers whose outputs are kept: the ends of stages and blocks, and the convolutions before them.
KEPT = re.compile(r"tokens|positioned|(block|unit|stem|position_convolution)_\d+(_\d+)?")


def set_remat(method, on):
    """Turns the rematerialization of a method's encoder on or off, in training steps only.

    Neither graph nor config of the encoder change.

    Args:
        method: mmssl.methods.bases.Pretrainer.
        on: bool.

    Raises:
        ValueError: there is nothing to recompute, see `check_remat`.
    """
    check_remat(method, on)
    for model in method.layers:
        vars(model).pop("call", None)
        plan = _plan(model) if on and isinstance(model, keras.Function) else []
        if any(isinstance(part, Block) for part in plan):
            model.call = partial(_call, model, model.call, plan)


def check_remat(method, on):
    """Checks that a method's encoder has blocks to recompute.

    Args:
        method: mmssl.methods.bases.Pretrainer.
        on: bool, whether they are to be recomputed.

    Raises:
        ValueError: it has none, or cannot be recomputed, or the backend is not TensorFlow.
    """
    if not on:
        return
    if keras.backend.backend() != "tensorflow":
        raise ValueError("fit.remat=true needs the TensorFlow backend: set it to false.")
    if not any(isinstance(part, Block) for part in _plan(method.encoder)):
        raise ValueError(
            f"fit.remat=true recomputes the blocks of an encoder, but {method.encoder.name} has "
            "none: set it to false, or name the last layers of its blocks block_1, block_2, ..."
        )


class Block:
    """Nodes of a model's graph that run together, and once more for their gradients.

    Args:
        nodes: list of Keras nodes, in the order in which they run.
        outputs: list of KerasTensor, what is read of them elsewhere.

    Raises:
        ValueError: an input or output has a Keras mask, or, when the block runs, a layer adds to
            the loss.
    """

    def __init__(self, nodes, outputs):
        made = {id(x) for node in nodes for x in node.outputs}
        read = {id(x): x for node in nodes for x in node.input_tensors if id(x) not in made}
        self.nodes, self.name = nodes, nodes[-1].operation.name
        self.inputs, self.outputs = list(read.values()), outputs
        self.variables = list({id(v): v for node in nodes for v in _variables(node)}.values())
        if any(getattr(x, "_keras_mask", None) is not None for x in [*self.inputs, *outputs]):
            self._refuse(f"the Keras mask of {self.name}")

    @property
    def weights(self):
        """The variables that get gradients; those of a frozen layer may get some again later."""
        return [v for v in self.variables if v.trainable]

    @property
    def state(self):
        return [v for v in self.variables if not v.trainable]

    def __call__(self, tensors):
        """Adds the outputs to a dict from the ids of KerasTensors to tensors."""
        with AutocastScope(None):
            weights, state = (
                [keras.ops.convert_to_tensor(v.value) for v in part]
                for part in (self.weights, self.state)
            )
        inputs = [tensors[id(x)] for x in self.inputs]
        outputs, moved = _recomputed(self._run, inputs, weights, state)
        tensors.update(zip(map(id, self.outputs), outputs, strict=True))
        for variable, before, value in zip(self.state, state, moved, strict=True):
            if value is not before:
                variable.assign(value)

    def _run(self, inputs, weights, state):
        """Computes the outputs and the state after them; no variable changes."""
        values = zip([*self.weights, *self.state], [*weights, *state], strict=True)
        tensors = dict(zip(map(id, self.inputs), inputs, strict=True))
        with keras.StatelessScope(values, True, initialize_variables=False) as scope:
            for node in self.nodes:
                _run(node, tensors)
        if scope.losses:
            self._refuse(f"what {self.name} adds to the loss")
        moved = [scope.get_current_value(variable) for variable in self.state]
        return [tensors[id(x)] for x in self.outputs], moved

    def _refuse(self, loss):
        raise ValueError(f"fit.remat=true loses {loss}: set it to false.")


def _recomputed(run, inputs, weights, state):
    """Returns what `run` does; its gradients run it again, once those of its outputs are there."""
    import tensorflow as tf

    first = []

    @tf.custom_gradient
    def differentiable(*sources):
        inputs_, weights_, state_ = tf.nest.pack_sequence_as([inputs, weights, state], sources)
        first.extend(run(inputs_, weights_, state_))

        def gradients(*upstream):
            given = after(upstream, inputs_)
            watched = _floats([*given, *weights_])
            with tf.GradientTape() as tape:
                tape.watch(watched)
                outputs, _ = run(given, weights_, state_)
            found = tape.gradient(_floats(outputs), watched, output_gradients=upstream)
            dense = iter([None if g is None else tf.convert_to_tensor(g) for g in found])
            of_sources = [next(dense) if _is_float(x) else None for x in [*given, *weights_]]
            return [*of_sources, *(None for _ in state_)]

        return _floats(first[0]), gradients

    results = iter(differentiable(*inputs, *weights, *state))
    outputs, moved = first
    return [next(results) if _is_float(x) else x for x in outputs], moved


def _floats(tensors):
    return [x for x in tensors if _is_float(x)]


def _is_float(x):
    return keras.backend.is_float_dtype(x.dtype)


def _call(model, call, plan, inputs, training=None, **options):
    """Runs a functional model by its plan in training, by its own `call` otherwise."""
    if not training:
        return call(inputs, training=training, **options)
    tensors = dict(zip(map(id, model.inputs), model._standardize_inputs(inputs), strict=True))
    for part in plan:
        part(tensors)
    return keras.tree.map_structure(lambda x: tensors[id(x)], model.output)


def _run(node, tensors):
    args, kwargs = node.arguments.fill_in(tensors)
    if "training" in getattr(node.operation, "_call_context_args", ()):
        kwargs = {**kwargs, "training": True}
    outputs = keras.tree.flatten(node.operation(*args, **kwargs))
    tensors.update(zip(map(id, node.outputs), outputs, strict=True))


def _plan(model):
    """Lists what to run, in this order: blocks, and functions that run a node outside of them.

    The level of a node is the most kept outputs on a way to it. A block is a kept layer and what
    leads to it at its level.
    """
    depths = sorted(model._nodes_by_depth, reverse=True)
    nodes = [n for depth in depths for n in model._nodes_by_depth[depth] if not n.is_input]
    makers = {id(x): node for node in nodes for x in node.outputs}
    parents = {n: [makers[id(x)] for x in n.input_tensors if id(x) in makers] for n in nodes}
    levels = {}
    for node in nodes:
        levels[node] = max((levels[p] + _is_kept(p) for p in parents[node]), default=0)
    plan, inside = [], set()
    for end in filter(_is_kept, nodes):
        members = _leading_to(end, parents, levels) - inside
        if any(map(_variables, members)):
            inside |= members
            ordered = [node for node in nodes if node in members]
            plan.append((levels[end], 0, Block(ordered, _read_elsewhere(model, nodes, members))))
    plan += [(levels[n], 1, partial(_run, n)) for n in nodes if n not in inside]
    return [part for *_, part in sorted(plan, key=lambda entry: entry[:2])]


def _leading_to(end, parents, levels):
    found, waiting = set(), [end]
    while waiting:
        node = waiting.pop()
        found.add(node)
        waiting += [p for p in parents[node] if levels[p] == levels[end] and p not in found]
    return found


def _read_elsewhere(model, nodes, members):
    read = {id(x) for node in nodes if node not in members for x in node.input_tensors}
    read |= {id(x) for x in model.outputs}
    return [x for node in nodes if node in members for x in node.outputs if id(x) in read]


def _is_kept(node):
    return KEPT.fullmatch(node.operation.name) is not None


def _variables(node):
    return getattr(node.operation, "variables", [])
