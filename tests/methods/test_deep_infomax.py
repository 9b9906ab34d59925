"""Deep InfoMax: a picture's embedding and the places of its map."""

import keras
import numpy as np
import pytest

from mmssl.encoders import small_conv_encoder, vit_encoder
from mmssl.losses import infomax_dv, infomax_jsd, infomax_nce
from mmssl.methods.deep_infomax import DeepInfoMax
from mmssl.pipelines.images import ImageCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import NETWORK, SUM, assert_close

CASE = Case(
    "vision/deep_infomax",
    (
        *TINY_VIEWS,
        "--method.layer=block_1",
        "--method.bound=jsd",
        "--method.global_weight=0.5",
        "--method.width=8",
    ),
)
SIZE, ROWS, WIDTH = 8, 4, 8


def method_of(**kwargs):
    keras.utils.set_random_seed(0)
    encoder = small_conv_encoder(SIZE, (6, 8), (2, 2))
    return DeepInfoMax(encoder, **{"layer": "block_1", "width": WIDTH, **kwargs})


@pytest.fixture
def batch():
    return {"images": np.random.default_rng(0).random((ROWS, SIZE, SIZE, 3), "float32")}


@pytest.mark.parametrize(
    ("bound", "loss"), [("jsd", infomax_jsd), ("nce", infomax_nce), ("dv", infomax_dv)]
)
def test_the_loss_weighs_the_bounds_of_places_and_of_the_whole_map(bound, loss, batch):
    method = method_of(bound=bound, local_weight=2.0, global_weight=0.5)
    outputs = method(batch)
    places, vector = outputs["local"][1], outputs["global"][1]
    assert places.shape == (ROWS, 16, WIDTH)
    assert vector.shape == (ROWS, 1, WIDTH)
    expected = 2 * loss(*outputs["local"]) + 0.5 * loss(*outputs["global"])
    assert_close(loss_of(method, batch, False), expected, SUM)


def test_places_are_those_of_the_block_in_its_order(batch):
    method = method_of()
    block = keras.Model(method.encoder.input, method.encoder.get_layer("block_1").output)
    maps = np.asarray(block(batch)).reshape(ROWS, 16, 6)
    _, head = method.local_heads
    assert_close(method(batch)["local"][1], head(maps), NETWORK)
    vector = method.encoder(batch)["embedding"]
    assert_close(method(batch)["local"][0], method.local_heads[0](vector[:, None])[:, 0], NETWORK)


def test_a_head_begins_close_to_the_identity():
    head = method_of().local_heads[1]
    kernels = {w.path: w.numpy() for w in head.weights if w.path.endswith("kernel")}
    zero = [k for k in kernels.values() if not k.any()]
    near = [k for k in kernels.values() if np.abs(k - np.eye(*k.shape)).max() <= 0.01]
    assert [k.shape for k in zero] == [(WIDTH, WIDTH)]
    assert [k.shape for k in near] == [(6, WIDTH)]


def test_a_bound_of_no_weight_has_no_heads(batch):
    assert sorted(method_of()(batch)) == ["local"]
    assert sorted(method_of(local_weight=0.0, global_weight=1.0)(batch)) == ["global"]


def test_the_picture_shows_images_and_lights_their_places():
    pictures = list(np.random.default_rng(1).integers(0, 256, (3, 12, 12, 3)).astype("uint8"))
    data = ImageCrops(pictures, size=SIZE, batch_size=2)
    data = data.on(data.open(pictures))
    [(title, _, picture)] = method_of().report_images(data)
    assert (title, picture.shape, picture.dtype) == ("Places", (16, 24, 3), np.uint8)
    assert method_of(local_weight=0.0, global_weight=1.0).report_images(data) == []


def test_what_does_not_fit_is_refused():
    for arguments, message in (
        ({"bound": "kl"}, "bound"),
        ({"local_weight": 0.0}, "one of them above; got 0.0 and 0.0"),
        ({"global_weight": -1.0}, "0 or more"),
        ({"layer": "block_3"}, "has block_1, block_2"),
    ):
        with pytest.raises(ValueError, match=message):
            method_of(**arguments)
    with pytest.raises(ValueError, match="output is a map"):
        DeepInfoMax(vit_encoder(8, 4, 8, 1, 1, 8))
