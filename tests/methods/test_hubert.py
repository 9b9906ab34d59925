import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import wav2vec_encoder
from mmssl.methods import HuBERT
from tests.contract.cases import Case
from tests.contract.learning import ON_DIGITS
from tests.contract.sizes import TINY_FRAMES
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

CASE = Case(
    "audio/hubert",
    (
        *TINY_FRAMES,
        "--data.limit=6",
        "--data.mask_ratio=0.5",
        "--data.span=5",
        "--data.clusters=12",
        "--data.run_clusters=12",
        "--data.target_layer=block_1",
        "--method.projection=16",
        "--fit.iterations=1",
    ),
    # Embeddings of units begin alike.
    initial_loss=(np.log(12), 0.4),
    theory=("--method.loss_weights={'feature_penalty': 0.0}", "--method.temperature=1"),
    **ON_DIGITS,
    margins={("untrained", "linear"): 0.2, ("untrained", "knn"): 0.2},
)

SIZES = {"channels": 8, "kernel_sizes": (10, 4), "strides": (5, 4), "width": 16, "depth": 2}
BLOCKS = {"num_heads": 2, "mlp_dim": 32, "position_groups": 4, "position_depth": 1, "dropout": 0.0}
FRAMES, CLUSTERS = 99, 9


def method(**options):
    keras.utils.set_random_seed(0)
    sizes = {"projection": 12, "clusters": CLUSTERS}
    return HuBERT(wav2vec_encoder(**SIZES, **BLOCKS), **{**sizes, **options})


def batch_of(rows=3, seed=0):
    rng = np.random.default_rng(seed)
    units = rng.integers(0, CLUSTERS, (rows, FRAMES)).astype("int32")
    units[:, 90:] = -1
    return {
        "waveform": rng.normal(0, 0.1, (rows, 2000)).astype("float32"),
        "padding_mask": np.ones((rows, 2000), "int32"),
        "mask": (rng.random((rows, FRAMES)) < 0.4).astype("int32"),
        "units": units,
    }


def loss_of(model, batch, **changed):
    batch = {**batch, **changed}
    return float(model.compute_loss(batch, None, model(batch), None, training=False))


def test_the_losses_are_means_over_masked_and_over_other_frames():
    model, batch = method(), batch_of()
    model.reset_metrics()
    outputs = model(batch)
    contexts, units = np.asarray(outputs["projected"]), np.asarray(model.units)
    contexts, units = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (contexts, units))
    logits = (contexts @ units.T / 0.1).astype("float64")
    assert np.abs(logits).max() <= 10
    entropies = np.logaddexp.reduce(logits, axis=-1)
    true = np.take_along_axis(logits, np.maximum(batch["units"], 0)[..., None], -1)[..., 0]
    known, masked = batch["units"] >= 0, batch["mask"] > 0
    terms = model.loss_terms(batch, outputs, training=False)
    assert_close(terms["masked"], (entropies - true)[known & masked].mean(), SUM)
    assert_close(terms["unmasked"], (entropies - true)[known & ~masked].mean(), SUM)
    hits = (logits.argmax(-1) == batch["units"])[known & masked].mean()
    found = next(m for m in model.metrics if m.name == "accuracy").result()
    assert_close(float(found), hits, ROUNDING)


def test_units_of_frames_that_are_not_masked_do_not_matter():
    model, batch = method(), batch_of()
    other = (batch["units"] + 1) % CLUSTERS
    masked, known = batch["mask"] > 0, batch["units"] >= 0
    visible = np.where(masked | ~known, batch["units"], other)
    assert loss_of(model, batch, units=visible) == loss_of(model, batch)
    hidden = np.where(masked & known, other, batch["units"])
    assert loss_of(model, batch, units=hidden) != loss_of(model, batch)


def test_the_paper_weighs_both_losses_by_alpha():
    batch = batch_of()
    alike = {"feature_penalty": 0.0}
    one, other, half = (
        loss_of(method(loss_weights={"masked": alpha, "unmasked": 1 - alpha, **alike}), batch)
        for alpha in (1.0, 0.0, 0.5)
    )
    assert_close(half, (one + other) / 2, NETWORK)
    assert one != other


def test_equal_scores_cost_the_logarithm_of_the_units():
    model, batch = method(loss_weights={"feature_penalty": 0.0}), batch_of()
    model.units.assign(np.ones_like(model.units))
    assert_close(loss_of(model, batch), np.log(CLUSTERS), NETWORK)


def test_a_batch_in_two_parts_has_the_gradients_of_the_whole():
    batch, weights = batch_of(rows=4), []
    for parts in (1, 2):
        model = method()
        model.compile(keras.optimizers.SGD(1.0), accumulate=parts)
        model.fit(tf.data.Dataset.from_tensors(batch), epochs=1, verbose=0)
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    assert_close(weights[1], weights[0], NETWORK)


def test_the_encoder_has_none_of_the_heads():
    model = method()
    own = {id(v) for v in model.encoder.variables}
    assert not {id(v) for v in (model.units, *model.projection.variables)} & own


def test_wrong_arguments_are_refused():
    for options in ({"temperature": 0.0}, {"clusters": 1}):
        with pytest.raises(ValueError, match=next(iter(options))):
            method(**options)
