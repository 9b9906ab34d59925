import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import config

from mmssl.runs.fit import Fit
from mmssl.training.determinism import OFF, ON, determinism, is_deterministic
from mmssl.training.loop import Training
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases

WAVENET = ["--fit.steps=1", "--fit.monitor_examples=0", *all_cases()["wavenet"].tiny]


@pytest.mark.parametrize(("chosen", "told"), [("null", ON), ("true", ON), ("false", OFF)])
def test_determinism_is_a_switch_of_its_own_and_the_choice_is_printed(
    tmp_path, monkeypatch, capsys, chosen, told
):
    seen, before = [], config.is_op_determinism_enabled()

    def train(self, *_):
        seen.append((config.is_op_determinism_enabled(), self.method.jit_compile))

    monkeypatch.setattr(Training, "_train", train)
    overrides = [*WAVENET, f"--fit.deterministic={chosen}", "--fit.jit_compile=true"]
    pretrain("audio/wavenet", tmp_path / "run", overrides)
    assert seen == [(told == ON, True)]
    assert config.is_op_determinism_enabled() == before
    assert told in capsys.readouterr().err


def test_by_default_operations_are_deterministic_where_that_costs_nothing(monkeypatch):
    assert is_deterministic(Fit(steps=1))
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: [kind])
    assert not is_deterministic(Fit(steps=1))
    assert is_deterministic(Fit(steps=1, deterministic=True))


ROWS, WIDTH, BRANCHES = 2048, 128, 4  # large enough that operations overlap in time


def _sum(x, others, weights):
    """A sum whose terms have other, slower consumers."""
    terms = [tf.sin(tf.matmul(x, weight)) for weight in weights]
    return tf.add_n(terms), [tf.reduce_sum(tf.cos(term)) for term in terms]


def _sum_that_grappler_writes_as_one(x, others, weights):
    terms = [tf.sin(tf.matmul(x, weight)) for weight in weights]
    return sum(terms[1:], terms[0]), [tf.reduce_sum(tf.cos(term)) for term in terms]


def _gradient(x, others, weights):
    """The gradient of a tensor with several consumers, each part of which has others."""
    with tf.GradientTape() as tape:
        tape.watch([x, *others])
        losses = [
            tf.sin(tf.matmul(x + other, weight))
            for other, weight in zip(others, weights, strict=True)
        ]
    gradient, *parts = tape.gradient(losses, [x, *others])
    return gradient, [tf.reduce_sum(tf.sin(part)) for part in parts]


def _step(function):
    draw = np.random.default_rng(0)
    x = tf.constant(draw.normal(size=(ROWS, WIDTH)), "float32")
    others = [tf.zeros_like(x) for _ in range(BRANCHES)]
    weights = list(tf.constant(draw.normal(size=(BRANCHES, WIDTH, WIDTH)), "float32"))
    return tf.function(lambda: function(x, others, weights))


@pytest.mark.parametrize("function", [_sum, _sum_that_grappler_writes_as_one, _gradient])
def test_a_sum_is_the_same_whichever_of_its_terms_is_there_first(function):
    with determinism(True):
        step = _step(function)
        assert _sums_that_run(step) == 0
        found = {step()[0].numpy().tobytes() for _ in range(150)}
    assert len(found) == 1
    assert _sums_that_run(_step(function)) == 1, "as TensorFlow does it, once a run has ended"


def _sums_that_run(step):
    """Counts the `AddN` of three and more that Grappler leaves of a function, or makes in it."""
    context.enable_run_metadata()
    step()
    metadata = context.export_run_metadata()
    context.disable_run_metadata()
    graphs = [each.post_optimization_graph for each in metadata.function_graphs]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for graph in graphs for f in graph.library.function for node in f.node_def]
    return sum(node.op == "AddN" and node.attr["N"].i > 2 for node in nodes)
