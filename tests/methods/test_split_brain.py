"""Split-brain autoencoders: what each half sees, what it predicts, and what that costs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import channel_group_encoder, conv_encoder
from mmssl.layers import ColorBins, LabChannels, rgb_to_lab
from mmssl.methods.split_brain import SplitBrain
from mmssl.pipelines.images import ImageCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import ON_OBJECTS
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

TINY = (
    "--data.batch_size=8",
    "--data.size=16",
    "--method.encoder.encoder.channels=[8,8,8]",
    "--method.encoder.encoder.depths=[1,1,1]",
    "--method.encoder.encoder.strides=[2,2,1]",
    "--method.encoder.encoder.dilations=[1,1,1]",
)
CASE = Case(
    "vision/split_brain",
    TINY,
    # Both heads begin at zero: no more than rounding is allowed.
    initial_loss=(np.log(261) + np.log(100), 0.0001),
    # The soft codes of a and b have an entropy that no prediction falls below.
    least_loss=1.5,
    overfit=0.7,
    **ON_OBJECTS,
    margins={("untrained", "linear"): 0.02},
)
LAB = {"groups": ((0,), (1, 2)), "space": "lab"}
DEPTH = {"groups": ((0, 1, 2), (3,)), "space": "rgb", "image_channels": 4}


def method_of(kind, size=8, form="classification", **options):
    keras.utils.set_random_seed(0)
    half = conv_encoder(size, (4, 4), (1, 1), (2, 1), (1, 1), gray=False)
    encoder = channel_group_encoder(size, encoder=half, **kind)
    method = SplitBrain(encoder, form, **options)
    draw = np.random.default_rng(0)
    for head in method.heads:
        for weight in head.weights:
            weight.assign(draw.normal(size=weight.shape))
    return method


def batch_of(kind, rows=3, size=8):
    shape = (rows, size, size, kind.get("image_channels", 3))
    return {"images": np.random.default_rng(1).random(shape, "float32")}


def scaled(kind, images):
    """What a half sees, and the other predicts: channels from -1 to 1."""
    channels = LabChannels()(images) if kind is LAB else images
    return 2 * np.asarray(channels, "float64") - 1


def colors(values):
    """a and b of Lab, of channels from -1 to 1."""
    return (values + 1) / 2 * [86.183 + 98.233, 107.857 + 94.478] - [86.183, 107.857]


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def levels_loss(logits, values, levels):
    """Cross-entropy of each channel's level, summed over channels, in NumPy."""
    logits = np.asarray(logits, "float64").reshape(*values.shape, levels)
    found = np.clip(np.floor((values + 1) / 2 * levels), 0, levels - 1).astype(int)
    chosen = np.take_along_axis(log_softmax(logits), found[..., None], axis=-1)
    return -chosen[..., 0].sum(axis=-1).mean()


def colors_loss(logits, ab):
    bins, weights = (np.asarray(x) for x in ColorBins().encode(ab.astype("float32")))
    found = log_softmax(np.asarray(logits, "float64").reshape(-1, 261))
    return -(weights * np.take_along_axis(found, bins, axis=1)).sum(axis=1).mean()


def test_classes_of_lab_are_levels_of_lightness_and_bins_of_color():
    method, batch = method_of(LAB, levels=7), batch_of(LAB)
    first, second = method(batch)
    seen = scaled(LAB, batch["images"][:, ::2, ::2])
    terms = method.loss_terms(batch, [first, second], training=False)
    assert_close(terms["first_group"], levels_loss(first, seen[..., :1], 7), NETWORK)
    ab = colors(seen[..., 1:].reshape(-1, 2))
    assert_close(terms["second_group"], colors_loss(second, ab), NETWORK)


def test_classes_of_other_groups_are_levels_of_each_channel():
    method, batch = method_of(DEPTH, levels=5), batch_of(DEPTH)
    first, second = method(batch)
    seen = scaled(DEPTH, batch["images"][:, ::2, ::2])
    terms = method.loss_terms(batch, [first, second], training=False)
    assert_close(terms["first_group"], levels_loss(first, seen[..., :3], 5), NETWORK)
    assert_close(terms["second_group"], levels_loss(second, seen[..., 3:], 5), NETWORK)


@pytest.mark.parametrize("kind", [LAB, DEPTH], ids=["Lab", "depth"])
def test_regression_costs_half_the_squared_distance_of_each_group(kind):
    method, batch = method_of(kind, form="regression"), batch_of(kind)
    outputs = method(batch)
    seen = scaled(kind, batch["images"][:, ::2, ::2])
    groups = [seen[..., group] for group in kind["groups"]]
    errors = [
        np.square(x - y).sum(axis=-1).mean() / 2 for x, y in zip(outputs, groups, strict=True)
    ]
    assert_close(loss_of(method, batch, training=False), sum(errors), NETWORK)


@pytest.mark.parametrize("form", ["classification", "regression"])
@pytest.mark.parametrize("kind", [LAB, DEPTH], ids=["Lab", "depth"])
def test_no_prediction_of_a_group_depends_on_that_group_and_each_on_the_other(kind, form):
    method = method_of(kind, form=form)
    seen = tf.constant((scaled(kind, batch_of(kind)["images"]) + 1) / 2, tf.float32)
    behind = keras.Model(
        method.encoder.get_layer("group_1").input, method.encoder.output["features"]
    )
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(seen)
        halves = tf.split(behind(seen, training=False), 2, axis=-1)
        first, second = method.heads[0](halves[1]), method.heads[1](halves[0])
    size = len(kind["groups"][0])
    for outputs, own, other in (
        (first, slice(0, size), slice(size, None)),
        (second, slice(size, None), slice(0, size)),
    ):
        gradient = tape.gradient(outputs, seen).numpy()
        assert not gradient[..., own].any()
        assert gradient[..., other].any()


def test_call_gives_each_group_from_the_half_that_saw_the_other():
    method, batch = method_of(LAB), batch_of(LAB)
    features = method.encoder(batch)["features"]
    first, second = method(batch)
    assert_close(first, method.heads[0](features[..., 4:]), SUM)
    assert_close(second, method.heads[1](features[..., :4]), SUM)


def test_the_deployed_encoder_has_both_halves_and_no_head():
    method = method_of(LAB)
    encoder = method.export_encoder()
    assert encoder.output["features"].shape == (None, 4, 4, 8)
    assert encoder.output["embedding"].shape == (None, 2 * 2 * 8)
    own = {id(v) for head in method.heads for v in head.variables}
    assert own
    assert not own & {id(v) for v in encoder.variables}


@pytest.mark.parametrize(("kind", "form"), [(LAB, "regression"), (DEPTH, "regression")])
def test_perfect_predictions_give_the_channels_back(kind, form):
    method, batch = method_of(kind, form=form), batch_of(kind)
    seen = scaled(kind, batch["images"])
    method.infer = lambda _: [seen[..., group].astype("float32") for group in kind["groups"]]
    found = np.concatenate(method.predict_channels(batch["images"]), axis=-1)
    assert_close(found, seen, SUM)


def test_sure_classes_stand_for_their_middles():
    method, batch = method_of(LAB, levels=4), batch_of(LAB)
    lightness, color = np.full((3, 4, 4, 4), -60.0), np.full((3, 4, 4, 261), -60.0)
    lightness[..., 2], color[..., 17] = 60.0, 60.0
    method.infer = lambda _: [lightness.astype("float32"), color.astype("float32")]
    first, second = method.predict_channels(batch["images"])
    assert_close(first, 0.25, SUM)
    center = np.broadcast_to(ColorBins().centers[17], second.shape)
    assert_close(colors(np.asarray(second)), center, SUM)


@pytest.mark.parametrize("form", ["classification", "regression"])
def test_held_out_figures_are_the_losses_and_what_no_constant_falls_below(form):
    data = ImageCrops("builtin:photos", size=8, batch_size=4)
    data.prepare()
    few = data.on(data.items.select(range(5)))
    method = method_of(LAB, form=form)
    figures = method.validate(few)
    [batch] = few.examples(few.source, batch_size=5)
    terms = method.loss_terms(batch, method(batch), training=False)
    seen = scaled(LAB, batch["images"].numpy()[:, ::2, ::2]).reshape(-1, 3)
    for name, group in (("first_group", seen[:, :1]), ("second_group", seen[:, 1:])):
        assert_close(figures[f"{name}_loss"], terms[name], NETWORK)
        if form == "regression":
            assert_close(figures[f"{name}_floor"], group.var(axis=0).sum() / 2, NETWORK)
    if form == "classification":
        level = np.clip(np.floor((seen[:, 0] + 1) * 50), 0, 99).astype(int)
        shares = np.bincount(level) / len(level)
        entropy = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
        assert_close(figures["first_group_floor"], entropy, NETWORK)
        # Of the same outputs everywhere, none costs less.
        constant = np.log(np.maximum(mean_code(seen[:, 1:]), 1e-9))
        cost = colors_loss(np.tile(constant, (len(seen), 1)), colors(seen[:, 1:]))
        assert_close(figures["second_group_floor"], cost, NETWORK)


def mean_code(ab):
    bins, weights = (np.asarray(x) for x in ColorBins().encode(colors(ab).astype("float32")))
    return np.bincount(bins.ravel(), weights.ravel(), 261) / len(ab)


@pytest.mark.parametrize(("kind", "rows"), [(LAB, 3), (DEPTH, 4)], ids=["Lab", "depth"])
def test_the_picture_shows_true_images_beside_predicted_groups(kind, rows):
    method, images = method_of(kind), batch_of(kind, rows=2)["images"]

    class Data:
        source = None

        def examples(self, source, batch_size):
            return tf.data.Dataset.from_tensors({"images": images})

    [(_, caption, picture)] = method.report_images(Data())
    assert (picture.shape, picture.dtype) == ((rows * 8, 2 * 8, 3), np.uint8)
    assert caption.startswith("Rows: ")
    last = images if kind is LAB else images[..., 3:].repeat(3, axis=-1)
    true = np.concatenate(list(last), axis=1)
    assert np.abs(picture[-8:] - 255.0 * true).max() <= 1


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="conv_encoder has none"):
        SplitBrain(conv_encoder(8, (4,), (1,), (2,), (1,)))
    with pytest.raises(ValueError, match="form='both'"):
        method_of(LAB, form="both")
    with pytest.raises(ValueError, match=r"levels=\.\.\.\) must be 2 or more; got 1"):
        method_of(LAB, levels=1)


def test_the_targets_are_those_of_colorization_at_the_same_pixels():
    method, batch = method_of(LAB), batch_of(LAB)
    lightness, ab = method._targets(batch["images"])
    expected = np.asarray(rgb_to_lab(batch["images"][:, ::2, ::2]))
    assert_close(50 * np.asarray(lightness) + 50, expected[..., :1], ROUNDING, scale=100)
    assert_close(colors(np.asarray(ab)), expected[..., 1:], ROUNDING, scale=200)
