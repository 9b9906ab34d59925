"""Hue and chroma of single pixels: what a hypercolumn holds, and what is learned from it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import conv_encoder
from mmssl.layers import hue_and_chroma, lab_to_rgb, rgb_to_lab
from mmssl.methods.hypercolumn_colorization import HypercolumnColorization
from mmssl.pipelines.images import SampledPixels
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import ON_OBJECTS
from tests.contract.sizes import TINY_CROPS
from tests.tolerances import NETWORK, SUM, assert_close, assert_within

CASE = Case(
    "vision/hypercolumn_colorization",
    (
        *TINY_CROPS,
        *(f"--method.encoder.{name}=[1,1,1]" for name in ("depths", "dilations")),
        "--method.encoder.strides=[2,2,1]",
        "--method.width=16",
        "--data.num_pixels=8",
    ),
    still=("--method.dropout=0",),
    # Of equal scores, chroma alone.
    initial_loss=(np.log(32), 0.0001),
    theory=("--method.hue_weight=0",),
    **ON_OBJECTS,
    margins={("untrained", "linear"): 0.02},
)


def method_of(size=16, **options):
    keras.utils.set_random_seed(0)
    ones = (1, 1)
    encoder = conv_encoder(size, (4, 6), ones, (2, 2), ones)
    method = HypercolumnColorization(encoder, width=8, **options)
    draw = np.random.default_rng(0)
    for weight in method.head.trainable_weights:
        weight.assign(draw.normal(size=weight.shape))
    return method


def batch_of(rows=3, count=5, size=16):
    draw = np.random.default_rng(1)
    return {
        "images": draw.random((rows, size, size, 3), "float32"),
        "pixels": draw.integers(2, size - 2, (rows, count, 2)).astype("int32"),
    }


def log_softmax(x):
    x = np.asarray(x, "float64")
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def test_the_loss_is_that_of_the_colors_of_the_pixels():
    method, batch = method_of(), batch_of()
    outputs, costs = method(batch), {"hue": [], "chroma": []}
    for row in range(3):
        for place, (y, x) in enumerate(batch["pixels"][row]):
            hue, chroma = (float(v) for v in hue_and_chroma(batch["images"][row, y, x]))
            weights = {"hue": 5 * chroma, "chroma": 1.0}
            for name, value in (("hue", hue), ("chroma", chroma)):
                label = int(32 * value * 0.99999)
                cost = -log_softmax(outputs[name][row, place])[label]
                costs[name].append(weights[name] * cost)
    terms = method.loss_terms(batch, outputs, training=False)
    for name, cost in costs.items():
        assert_close(terms[name], np.mean(cost), NETWORK)


def test_a_hypercolumn_joins_all_blocks_where_the_pixel_lies_in_them():
    method, batch = method_of(), batch_of()
    columns = []
    method.head.call = lambda x, training=None, mask=None: columns.append(x) or x
    # Place i of a block of stride s is about pixel s i + s - 1: the padding is at the end.
    grid = np.stack(np.mgrid[0:4, 0:4], -1).reshape(1, -1, 2).repeat(3, 0)
    method({**batch, "pixels": (4 * grid + 3).astype("int32")})
    expected = method.encoder.get_layer("block_2").output
    maps = keras.Model(method.encoder.input, expected)({"images": batch["images"]})
    [found] = columns
    assert found.shape == (3, 16, 4 + 6)
    assert_close(found[..., 4:], np.asarray(maps).reshape(3, 16, 6), SUM)


def test_every_block_of_the_encoder_learns():
    method, batch = method_of(), batch_of()
    assert [tuple(x.shape[1:]) for x in method.maps.output] == [(8, 8, 4), (4, 4, 6)]
    with tf.GradientTape() as tape:
        loss = loss_of(method, batch, training=False)
    gradients = tape.gradient(loss, [v.value for v in method.encoder.trainable_variables])
    assert all(np.asarray(g).any() for g in gradients)


def test_the_lightness_alone_decides_on_the_color():
    method, images = method_of(), batch_of()["images"]
    painted = np.asarray(method.colorize(images))
    assert painted.shape == images.shape
    lab = np.asarray(rgb_to_lab(images))
    gray = method.colorize(lab_to_rgb(lab * np.float32([1, 0, 0])))
    assert_within(gray, painted, 0.01)


@pytest.mark.parametrize("hue", [0.0, 0.3, 0.97])
def test_hue_is_a_circle_and_its_mean_lies_on_it(hue):
    method = method_of(bins=60)
    middles = (np.arange(60) + 0.5) / 60
    around = np.abs((middles - hue + 0.5) % 1 - 0.5)

    def sure(batch, training=None):
        shape = (*batch["pixels"].shape[:2], 60)
        hues = np.where(around < 0.05, 0.0, -60.0)
        chroma = np.where(np.abs(middles - 0.4) < 0.02, 0.0, -60.0)
        return {
            name: tf.constant(np.broadcast_to(x, shape), tf.float32)
            for name, x in (("hue", hues), ("chroma", chroma))
        }

    method.call = sure
    found, chroma = hue_and_chroma(method.colorize(np.full((1, 16, 16, 3), 0.5, "float32")))
    assert_within((np.asarray(found) - hue + 0.5) % 1, 0.5, 0.03)
    assert np.asarray(chroma).min() > 0.2


def test_held_out_figures_are_the_losses_and_those_of_the_best_constant():
    data = SampledPixels("builtin:photos", size=16, batch_size=4, num_pixels=6).prepare()
    few = data.on(data.items.select(range(5)))
    method = method_of()
    figures = method.validate(few)
    [batch] = few.sampled_examples(few.source)
    terms = method.loss_terms(batch, method(batch), training=False)
    hue, chroma = (np.asarray(x) for x in method._targets(batch))
    classes = np.floor(32 * 0.99999 * np.stack([hue, chroma])).astype(int)
    weights = np.stack([5 * chroma, np.ones_like(chroma)])
    for name, label, weight in zip(("hue", "chroma"), classes, weights, strict=True):
        assert_close(figures[f"{name}_loss"], terms[name], NETWORK)
        share = np.bincount(label, weight, 32) / weight.sum()
        assert_close(figures[f"{name}_floor"], -(weight * np.log(share[label])).mean(), NETWORK)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="sees the colors"):
        HypercolumnColorization(conv_encoder(16, (4,), (1,), (2,), (1,), gray=False))
    for wrong in ({"width": 0}, {"bins": 1}, {"dropout": 1.0}, {"hue_weight": -1.0}):
        with pytest.raises(ValueError, match="HypercolumnColorization needs width"):
            HypercolumnColorization(conv_encoder(16, (4,), (1,), (2,), (1,)), **wrong)
