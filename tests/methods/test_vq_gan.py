"""VQ-GAN: two players, when the second begins, and what its part weighs."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import dense_encoder, strided_residual_encoder
from mmssl.losses.perceptual import perceptual_distance
from mmssl.methods.vq_gan import VQGAN
from mmssl.pipelines.images import TargetCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.tolerances import NETWORK, SUM, assert_close

SIZES = {
    "decoder_width": 4,
    "decoder_multipliers": [1, 1],
    "decoder_units": 1,
    "decoder_groups": 2,
    "discriminator_width": 4,
    "discriminator_layers": 1,
}
# An encoder of few layers: each group norm takes as long to trace as a small network. Those of its
# own encoder are in `tests/encoders/test_vq_gan_encoder.py`.
FEW_LAYERS = {
    "class_path": "mmssl.encoders.strided_residual_encoder",
    "init_args": {"width": 4, "halvings": 1, "units": 0},
}
CASE = Case(
    "vision/vq_gan",
    (
        *("--data.batch_size=4", "--data.size=8"),
        *("--method.entries=8", "--method.entry_width=4", "--method.start=2"),
        f"--method.encoder={json.dumps(FEW_LAYERS)}",
        *(f"--method.{name}={size}" for name, size in {**SIZES, "decoder_units": 0}.items()),
        # The hinge of D's last bias has no gradient while D is unsure everywhere.
        "--method.adversary=softplus",
    ),
    # What is rebuilt better is no lower loss once D is there, and learns to tell.
    overfit=None,
    **on_clothes(0.01),
)


def method_of(**options):
    keras.utils.set_random_seed(0)
    encoder = strided_residual_encoder(8, 4, 1, 0)
    given = {"target_shape": (8, 8, 3), "entries": 6, "entry_width": 4, **SIZES, **options}
    return VQGAN(encoder, **given)


@pytest.fixture(scope="module")
def built():
    """One method for all tests: with trained entries, a loss changes but its count of steps."""
    return method_of(decoder_units=0, start=0)


@pytest.fixture
def method(built):
    built.steps.assign(1)
    built.reset_metrics()
    return built


@pytest.fixture
def batch():
    target = np.random.default_rng(0).uniform(size=(4, 8, 8, 3)).astype("float32")
    return {"images": target, "target": target}


def terms_of(method, batch):
    return method.loss_terms(batch, method(batch, training=True), training=True)


def gradients(method, batch, variables, terms=None):
    """Gradients of the whole loss, or of the sum of some terms, in training."""
    with tf.GradientTape() as tape:
        if terms is None:
            loss = loss_of(method, batch)
        else:
            found = terms_of(method, batch)
            loss = sum(method.loss_weights.get(name, 1.0) * found[name] for name in terms)
    values = tape.gradient(loss, [v.value for v in variables])
    return [
        np.zeros(v.shape) if g is None else tf.convert_to_tensor(g).numpy()
        for v, g in zip(variables, values, strict=True)
    ]


def weight_of(method):
    return float(method._means["adaptive_weight"].result())


def players(method):
    judging = method.discriminator.trainable_variables
    theirs = {id(v) for v in judging}
    return [v for v in method.trainable_variables if id(v) not in theirs], judging


@pytest.mark.parametrize("adversary", ["hinge", "softplus"])
def test_the_terms_are_those_of_the_formula(method, batch, adversary, monkeypatch):
    monkeypatch.setattr(method, "adversary", adversary)
    outputs = method(batch, training=True)
    terms = method.loss_terms(batch, outputs, training=True)
    x, y = (2.0 * np.asarray(v) - 1.0 for v in (batch["target"], outputs["outputs"]))
    assert_close(terms["reconstruction"], np.abs(x - y).mean(dtype="float64"), SUM)
    maps = method.network(batch["target"]), method.network(outputs["outputs"])
    assert_close(terms["perceptual"], np.mean(perceptual_distance(*maps)), SUM)
    real, fake = (method.discriminator(v, training=True).numpy().astype("float64") for v in (x, y))
    halves = {
        "hinge": (np.maximum(0, 1 - real), np.maximum(0, 1 + fake)),
        "softplus": (np.log1p(np.exp(-real)), np.log1p(np.exp(fake))),
    }
    expected = sum(half.mean() for half in halves[adversary]) / 2
    assert_close(terms["discriminator"], expected, NETWORK, scale=1)
    weight = weight_of(method)
    assert weight > 0
    assert_close(terms["adversarial"], -weight * fake.mean(), NETWORK, scale=weight)
    apart = np.square(np.asarray(outputs["vectors"]) - outputs["quantized"]).mean()
    assert_close([terms["commitment"], terms["codebook"]], [apart, apart], SUM)


def test_the_weight_balances_the_gradients_at_the_last_kernel(method, batch):
    kernel = method.decoder.get_layer("last").kernel
    [of_reconstruction] = gradients(method, batch, [kernel], ("reconstruction", "perceptual"))
    [weighed] = gradients(method, batch, [kernel], ("adversarial",))
    weight = weight_of(method)
    of_adversary = np.linalg.norm(weighed) / weight
    expected = 0.8 * np.linalg.norm(of_reconstruction) / (of_adversary + 1e-4)
    assert_close(weight, expected, NETWORK)


def test_no_gradient_flows_through_the_weight(method, batch):
    generating, _ = players(method)
    found = gradients(method, batch, generating, ("adversarial",))
    with tf.GradientTape() as tape:
        fake = 2.0 * method(batch, training=True)["outputs"] - 1.0
        loss = tf.reduce_mean(method._frozen_discriminator(fake, training=True))
        loss = -weight_of(method) * loss
    expected = tape.gradient(loss, [v.value for v in generating])
    scale = max(np.abs(g).max() for g in found)
    for got, wanted in zip(found, expected, strict=True):
        assert_close(got, 0.0 if wanted is None else wanted, NETWORK, scale=scale)


def test_before_the_start_there_is_no_adversary(method, batch, monkeypatch):
    monkeypatch.setattr(method, "start", 3)
    generating, judging = players(method)
    method.steps.assign(2)  # the loss counts the third step
    without = ("reconstruction", "perceptual", "commitment", "codebook")
    alone = gradients(method, batch, generating, without)
    everything = gradients(method, batch, [*generating, *judging])
    assert int(method.steps) == 3
    scale = max(np.abs(g).max() for g in alone)
    for got, wanted in zip(everything, alone, strict=False):
        assert_close(got, wanted, NETWORK, scale=scale)
    assert all((g == 0).all() for g in everything[len(generating) :])
    after = gradients(method, batch, judging)
    assert int(method.steps) == 4
    assert all((g != 0).any() for g in after[:-1])  # that of the last bias may cancel out


def test_the_count_of_steps_is_kept_and_only_training_counts(method, batch):
    loss_of(method, batch, training=False)
    assert int(method.steps) == 1
    loss_of(method, batch)
    assert int(method.steps) == 2
    assert "generator_steps" in [v.name for v in method.non_trainable_weights]


def test_entries_and_vectors_are_weighed_as_in_the_paper_or_as_in_its_code(method):
    assert (method.loss_weights["commitment"], method.loss_weights["codebook"]) == (0.25, 1.0)
    legacy = method_of(code_weight=2.0, legacy=True, decoder_units=0).loss_weights
    assert (legacy["commitment"], legacy["codebook"]) == (2.0, 0.5)


def test_codes_lead_to_what_the_loss_sees_but_for_the_gradient(method, batch):
    found = method(batch)
    pictures = method.decode(method.lookup(method.encode_indices(batch)))
    np.testing.assert_array_equal(pictures, found["outputs"])
    seen = method(batch, training=True)["outputs"]
    assert_close(seen, pictures, NETWORK)


def test_the_network_of_the_distance_is_never_trained_and_may_lie_on_the_disk(method, tmp_path):
    strided_residual_encoder(8, 4, 1, 0).save(tmp_path / "own.keras")
    path = str(tmp_path / "own.keras")
    own = method_of(perceptual=path, perceptual_layers=["block_1"], perceptual_weight=2.0)
    assert {name: x.shape[-1] for name, x in own.network.output.items()} == {"block_1": 4}
    assert own.loss_weights["perceptual"] == 2.0
    for one in (method, own):
        theirs = {id(v) for v in one.network.weights}
        assert theirs
        assert not theirs & {id(v) for v in one.trainable_variables}
        assert theirs <= {id(v) for v in one.weights}


def test_figures_tell_of_sharpness_and_of_the_discriminator(method):
    data = TargetCrops("builtin:photos", size=8, gray=False).prepare()
    few = data.on(data.items.select(range(3)))
    figures = method.validate(few)
    assert {"l1", "sharpness", "true_sharpness", "discriminator_accuracy", "used"} <= set(figures)
    assert 0 <= figures["discriminator_accuracy"] <= 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"commitment": -1}, "commitment=-1"),
        ({"code_weight": -1}, "code_weight=-1"),
        ({"perceptual_weight": -1}, "perceptual_weight=-1"),
        ({"start": -1}, "start=-1"),
        ({"adversary": "cosine"}, "hinge"),
        ({"legacy": True, "momentum": 0.9}, "legacy=True"),
        ({"target_shape": (16, 16, 3)}, "as many multipliers"),
        ({"decoder_groups": 3}, "groups=3"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        method_of(**wrong)
    with pytest.raises(ValueError, match="map"):
        VQGAN(dense_encoder(8, widths=(4,)))
