"""Gradients accumulated over the parts of a batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.methods.bases import Pretrainer
from mmssl.training.pretraining import pretrain
from tests.contract.building import built, make_optimizer, prepared, unoptimized_graphs
from tests.contract.cases import all_cases
from tests.tolerances import NETWORK, assert_close

STEPS = 2


@pytest.fixture(autouse=True)
def _no_optimization():
    with unoptimized_graphs():
        yield


def trained(config, batches, accumulate):
    method = built(config, batches)
    method.compile(**method.make_optimizers(make_optimizer), accumulate=accumulate)
    method.make_train_function()
    for batch in batches:
        logs = method.train_function([batch])
    return method.get_weights(), {name: float(value) for name, value in logs.items()}


# Losses over tokens of which parts have different numbers, and teachers.
@pytest.mark.parametrize("name", ["bert", "gpt", "data2vec_text", "data2vec2_text"])
def test_parts_of_a_batch_train_as_the_whole_does(name):
    case = all_cases()[name]
    config = case.config(*case.still, "--data.batch_size=4")
    batches = list(prepared(config["data"]).batches(seed=0).take(STEPS).as_numpy_iterator())
    (whole, told), (parts, told_of_parts) = (trained(config, batches, n) for n in (1, 2))
    for one, other in zip(whole, parts, strict=True):
        assert_close(other, one, NETWORK, scale=max(1.0, np.abs(one).max()))
    assert_close(told_of_parts["loss"], told["loss"], NETWORK)


def normalizing(splits):
    x = keras.Input((3,), name="x")
    y = keras.layers.BatchNormalization(name="norm")(x)
    method = Pretrainer(keras.Model({"x": x}, {"features": y, "embedding": y}))
    method.splits_batches = splits
    return method


@pytest.mark.parametrize(
    ("splits", "message"),
    [(False, "loss of Pretrainer looks across the whole batch"), (True, "statistics .* in norm")],
)
def test_a_method_that_looks_across_the_batch_is_not_given_parts(splits, message):
    normalizing(splits).compile("sgd", accumulate=1)
    with pytest.raises(ValueError, match=rf"accumulate=2 would compute .* {message}"):
        normalizing(splits).compile("sgd", accumulate=2)


@pytest.mark.parametrize(
    ("recipe", "overrides", "message"),
    [
        ("vision/simclr", ("--fit.accumulate=2",), "SimCLR looks across"),
        ("text/gpt", ("--fit.accumulate=5", "--data.batch_size=8"), "8 cannot be .* has 5 parts"),
        ("text/gpt", ("--fit.accumulate=0",), "accumulate must be at least 1; got 0"),
    ],
)
def test_parts_that_cannot_be_are_refused_before_training(tmp_path, recipe, overrides, message):
    case = all_cases()[recipe.split("/")[1]]
    with pytest.raises(ValueError, match=message):
        pretrain(recipe, tmp_path / "run", [*case.tiny, *overrides], quiet=True)
    assert not (tmp_path / "run").exists()


def test_one_part_waits_for_the_gradients_of_the_part_before():
    """Otherwise TensorFlow computes them side by side, in the memory of the whole batch."""
    case = all_cases()["gpt"]
    config = case.config(*case.still, "--data.batch_size=4")
    (batch,) = prepared(config["data"]).batches(seed=0).take(1)
    method = built(config, [batch])
    method.compile(**method.make_optimizers(make_optimizer), accumulate=2)
    of_parts, gradients = [], method.gradients
    method.gradients = lambda *args: of_parts.append(gradients(*args)) or of_parts[-1]
    graph = tf.function(method.train_step).get_concrete_function(batch).graph
    waiting = [op for op in graph.get_operations() if op.type == "Identity" and op.control_inputs]
    awaited = {control for op in waiting for control in op.control_inputs}
    assert len(waiting) >= len(batch)
    _, first = of_parts[0]
    assert len(first) == len(method.trainable_variables)
    assert {gradient.op for gradient in first} <= awaited
