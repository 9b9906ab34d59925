"""Blocks that are computed twice instead of kept: the same weights, in less memory."""

import json
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from benchmarks.device_memory import peak_bytes
from mmssl import encoders
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.remat import Block, _plan
from mmssl.runs.checkpoint import state_variables
from mmssl.training.pretraining import pretrain
from tests.contract.building import make_optimizer, mirrored, policy, unoptimized_graphs
from tests.contract.cases import all_cases
from tests.tolerances import NETWORK, assert_close

STEPS, ROWS = 2, 4
BLOCKS = {"width": 8, "depth": 2, "num_heads": 2, "mlp_dim": 16, "dropout": 0.3}
STEM = {"channels": 4, "kernel_sizes": (8, 4), "strides": (8, 4), "position_groups": 2}
SOUND = {**STEM, "position_kernel_size": 3, "position_depth": 1, "drop_path": 0.2}
BUILD = {
    "relative positions": lambda: encoders.vit_encoder(
        8, 4, positions="relative", drop_path=0.2, **BLOCKS
    ),
    "scales of ALiBi": lambda: encoders.wav2vec_encoder(alibi="learned", **SOUND, **BLOCKS),
    "causal blocks": lambda: encoders.gpt_encoder(20, 8, **{**BLOCKS, "depth": 1}),
    "batch norm": lambda: encoders.small_conv_encoder(8, (4, 4, 8), (1, 2, 1)),
    "recurrence": lambda: encoders.cpc_encoder(4, 6, (8, 4), (8, 4)),
    "skip connections": lambda: encoders.wavenet_encoder(1, 3, 4, 4, 6),
}


class Equalizing(Pretrainer):
    """Embeds a batch twice, as two views are, with different draws of dropout."""

    metric_names = ("distance",)
    splits_batches = True

    def __init__(self, encoder):
        super().__init__(encoder)
        self.student = keras.Model(encoder.input, encoder.output)

    def call(self, batch, training=False):
        return [self.student(batch, training=training)["embedding"] for _ in range(2)]

    def loss_terms(self, batch, outputs, training):
        first, second = outputs
        return {"distance": ops.mean(ops.square(first - 1.0) + ops.square(first - 2.0 * second))}


def batch_of(encoder):
    draw = np.random.default_rng(0)
    made = {
        "images": draw.random((ROWS, 8, 8, 3), "float32"),
        "waveform": draw.uniform(-1, 1, (ROWS, 256)).astype("float32"),
        "token_ids": draw.integers(2, 20, (ROWS, 8)).astype("int32"),
    }
    batch = {name: made[name] for name in encoder.input if name in made}
    if "padding_mask" in encoder.input:
        batch["padding_mask"] = np.ones_like(*batch.values(), dtype="int32")
        batch["padding_mask"][0, -2:] = 0
    return batch


def compiled(build, **options):
    keras.utils.set_random_seed(0)
    method = Equalizing(build())
    method.compile(make_optimizer(method.trainable_variables), **options)
    return method


def trained(build, share_out=None, **options):
    """Trains a method for some steps, on the batches that `share_out` makes of a dataset."""
    with unoptimized_graphs():
        method = compiled(build, **options)
        method.make_train_function()
        data = tf.data.Dataset.from_tensor_slices(batch_of(method.encoder)).batch(ROWS)
        for batch in (share_out or iter)(data.repeat(STEPS)):
            method.train_function([batch])
    return method


def assert_same_state(method, other):
    """Compares all that a checkpoint holds: weights, statistics, dropout's seeds, the optimizer."""
    for variable, another in zip(state_variables(method), state_variables(other), strict=True):
        expected, found = variable.numpy(), another.numpy()
        if expected.dtype.kind == "f":
            # Relative to each: an attention bias begins at zero, and its gradient is small.
            assert_close(found, expected, NETWORK, err_msg=variable.path)
        else:
            np.testing.assert_array_equal(found, expected, variable.path)


@pytest.mark.parametrize("kind", BUILD)
def test_recomputed_blocks_train_as_kept_ones_do(kind):
    kept, recomputed = (trained(BUILD[kind], remat=remat) for remat in (False, True))
    assert_same_state(kept, recomputed)


@pytest.mark.parametrize(("kind", "parts"), [("batch norm", 1), ("causal blocks", 2)])
def test_recomputed_blocks_train_on_replicas_as_kept_ones_do(kind, parts):
    def share_out(data):
        return iter(mirrored().experimental_distribute_dataset(data))

    with mirrored().scope():
        kept, recomputed = (
            trained(BUILD[kind], share_out, remat=remat, accumulate=parts)
            for remat in (False, True)
        )
    assert_same_state(kept, recomputed)


def graph_of(call, batch):
    return tf.function(call, autograph=False).get_concrete_function(batch).graph


def graph_of_step(method):
    return graph_of(method.train_step, batch_of(method.encoder))


def transformer():
    return encoders.vit_encoder(8, 1, depth=4, width=8, num_heads=2, mlp_dim=16, dropout=0.1)


def convolutions():
    return encoders.conv_encoder(8, (4, 4, 4), (3, 3, 3), (1, 1, 1), (1, 1, 1))


@pytest.mark.parametrize("build", [transformer, convolutions])
def test_a_step_holds_less_at_once(build):
    kept, recomputed = (peak_bytes(graph_of_step(compiled(build, remat=r))) for r in (False, True))
    assert recomputed < 0.8 * kept


def test_every_unit_of_a_residual_network_is_recomputed_by_itself():
    plan = _plan(encoders.resnet_encoder(8, 18, 2, small_images=True))
    names = [part.name for part in plan if isinstance(part, Block)]
    assert names == [name for k in range(1, 5) for name in (f"unit_{k}_1", f"block_{k}")]


def test_a_block_is_recomputed_after_the_gradients_of_its_outputs():
    """Otherwise TensorFlow computes it once and keeps it, or twice at the start."""
    method = compiled(BUILD["relative positions"], remat=True)
    operations = graph_of_step(method).get_operations()
    waiting = [op for op in operations if op.type == "Identity" and op.control_inputs]
    blocks = [part for part in _plan(method.encoder) if isinstance(part, Block)]
    # Those of both passes; what the step returns waits as well.
    assert len(waiting) >= 2 * sum(len(block.inputs) for block in blocks)


def test_an_encoder_does_not_know_of_it():
    method = Equalizing(BUILD["causal blocks"]())
    before = json.dumps(method.encoder.get_config())
    method.compile("sgd", remat=True)
    assert json.dumps(method.encoder.get_config()) == before
    assert not recomputes(
        graph_of(partial(method.encoder, training=False), batch_of(method.encoder))
    )


def test_it_can_be_turned_off_again():
    method = compiled(BUILD["causal blocks"], remat=True)
    assert recomputes(graph_of_step(method))
    method.compile(make_optimizer(method.trainable_variables))
    assert not recomputes(graph_of_step(method))


def recomputes(graph):
    """Tells whether a graph has a function of many tensors with a gradient of its own.

    GELU has one, too, of its input and its output; batch norm has some.
    """
    own = (node for node in graph.get_operations() if node.type == "IdentityN")
    return any(len(node.inputs) > 2 for node in own)


@pytest.mark.bfloat16
def test_weights_reach_a_recomputed_block_in_float32():
    with policy("mixed_bfloat16"):
        kept, recomputed = (trained(BUILD["batch norm"], remat=remat) for remat in (False, True))
    for one, other in zip(kept.get_weights(), recomputed.get_weights(), strict=True):
        assert_close(other, one, NETWORK, scale=max(1.0, np.abs(one).max()))


def test_an_encoder_without_blocks_is_refused():
    def build():
        x = keras.Input((3,), name="x")
        y = keras.layers.Dense(2)(x)
        return keras.Model({"x": x}, {"features": y, "embedding": y}, name="flat")

    with pytest.raises(ValueError, match=r"fit\.remat=true .* but flat has none: set it to false"):
        compiled(build, remat=True)


def test_what_a_recomputed_block_would_lose_is_refused():
    def masked():
        x = keras.Input((None,), dtype="int32", name="token_ids")
        y = keras.layers.Embedding(20, 4, mask_zero=True, name="block_1")(x)
        y = keras.layers.GlobalAveragePooling1D()(y)
        return keras.Model({"token_ids": x}, {"features": y, "embedding": y})

    def regularized():
        x = keras.Input((8, 8, 3), name="images")
        y = keras.layers.Conv2D(2, 3, activity_regularizer="l2", name="block_1")(x)
        return keras.Model({"images": x}, {"features": y, "embedding": y})

    with pytest.raises(ValueError, match="remat=true loses the Keras mask of block_1"):
        compiled(masked, remat=True)
    with pytest.raises(ValueError, match="remat=true loses what block_1 adds to the loss"):
        graph_of_step(compiled(regularized, remat=True))


def test_a_run_recomputes_as_its_recipe_says(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("mmssl.methods.bases.pretrainer.set_remat", lambda _, on: told.append(on))
    case = all_cases()["simclr"]
    fit = ("--fit.remat=true", "--fit.steps=1", "--fit.monitor_examples=0")
    pretrain(case.recipe, tmp_path / "run", [*case.tiny, *fit], quiet=True)
    assert told == [True]
