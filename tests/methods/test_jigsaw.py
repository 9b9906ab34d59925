"""Jigsaw: by which permutation the tiles of a picture were put in disorder."""

import keras
import numpy as np
import pytest

from mmssl.encoders import conv_encoder
from mmssl.methods.jigsaw import Jigsaw
from mmssl.pipelines.images import JigsawTiles
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import SUM, assert_close

CASE = Case(
    "vision/jigsaw",
    (
        "--data.batch_size=8",
        "--data.size=24",
        "--data.tile_size=6",
        "--data.permutations=10",
        "--method.encoder.channels=[8,16]",
        "--method.encoder.depths=[1,1]",
        "--method.encoder.strides=[2,1]",
        "--method.encoder.dilations=[1,1]",
        "--method.tile_width=8",
        "--method.hidden=[16]",
        "--probe.layer=null",
    ),
    # The classifier begins at zero: no more than rounding is allowed.
    initial_loss=(np.log(10), 0.00001),
)


@pytest.fixture
def method():
    keras.utils.set_random_seed(0)
    encoder = conv_encoder(24, (4, 8), (1, 1), (2, 1), (1, 1), gray=False)
    method = Jigsaw(encoder, permutations=10, tile_width=6, hidden=(8,))
    kernel = method.head.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    tiles = {f"images_{k}": rng.random((5, 6, 6, 3), "float32") for k in range(1, 10)}
    return {**tiles, "permutation": np.int32([0, 3, 9, 1, 3])}


def test_a_tile_is_embedded_without_a_look_at_the_others(method, batch):
    other = {**batch, "images_2": 1 - batch["images_2"]}
    before, after = method.embed(batch), method.embed(other)
    for slot, (one, two) in enumerate(zip(before, after, strict=True), start=1):
        assert np.array_equal(one, two) == (slot != 2)


def test_the_head_sees_the_tiles_slot_after_slot(method, batch):
    small = conv_encoder(6, (4, 8), (1, 1), (2, 1), (1, 1), gray=False)
    small.set_weights(method.encoder.get_weights())
    embedded = [small({"images": batch[f"images_{k}"]})["embedding"] for k in range(1, 10)]
    expected = method.head(np.concatenate([method.tile(e) for e in embedded], axis=-1))
    assert_close(method(batch), expected, SUM)


def test_the_loss_is_the_cross_entropy_of_the_permutation(method, batch):
    logits = np.asarray(method(batch), "float64")
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(5), batch["permutation"]]
    assert_close(float(loss_of(method, batch, training=False)), expected.mean(), SUM)


@pytest.mark.parametrize("given", [{"permutations": 1}, {"tile_width": 0}])
def test_sizes_out_of_range_are_refused(method, given):
    ((name, value),) = given.items()
    with pytest.raises(ValueError, match=rf"{name}={value}"):
        Jigsaw(method.encoder, **given)


def test_the_report_puts_the_tiles_of_a_puzzle_where_they_were(method):
    data = JigsawTiles("builtin:photos", size=24, tile_size=6, permutations=10, batch_size=4)
    data.prepare()
    tiles = np.random.default_rng(0).random((4, 9, 6, 6, 3), "float32")
    numbers = np.int32([0, 9, 4, 4])
    slots = np.take_along_axis(tiles, data.table[numbers][:, :, None, None, None], axis=1)
    batch = {f"images_{slot + 1}": slots[:, slot] for slot in range(9)}
    whole = method.undone(batch, numbers, data)
    for tile in range(9):
        top, left = 6 * (tile // 3), 6 * (tile % 3)
        np.testing.assert_array_equal(
            whole[:, top : top + 6, left : left + 6], tiles[:, tile], str(tile)
        )
