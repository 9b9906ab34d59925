"""AMDIM: a view's vectors told from those of other pictures, between scales."""

import keras
import numpy as np
import pytest

from mmssl.encoders import amdim_encoder, small_conv_encoder
from mmssl.methods.amdim import AMDIM
from mmssl.pipelines.images import PlaceViews
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, SUM, assert_close

CASE = Case(
    "vision/amdim",
    (
        "--data.batch_size=8",
        "--method.encoder.width=4",
        "--method.encoder.embedding_dim=16",
    ),
)
SIZE, ROWS = 16, 4


def method_of(**kwargs):
    keras.utils.set_random_seed(0)
    encoder = small_conv_encoder(SIZE, (6, 8), (4, 2))
    return AMDIM(encoder, **{"coarse": 2, "fine": 4, "places": 4, "clip": 3.0, **kwargs})


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    images = {f"images_{k}": rng.random((ROWS, SIZE, SIZE, 3), "float32") for k in (1, 2)}
    places = {f"place_{k}": rng.integers(0, 4, ROWS).astype("int32") for k in (1, 2)}
    return {**images, **places}


def one_direction(source, target, clip):
    """The loss and mean squared score of (B, D) against (B, L, D)."""
    raw = np.einsum("id,jld->ijl", source, target) / np.sqrt(source.shape[1])
    scores, costs = clip * np.tanh(raw / clip), []
    for i in range(len(source)):
        others = np.exp(np.delete(scores[i], i, axis=0)).sum()
        costs += [np.log(np.exp(s) + others) - s for s in scores[i, i]]
    return np.mean(costs), np.mean(raw**2)


def expected(method, batch, penalty):
    found = {k: np.asarray(x, "float64") for k, x in method(batch).items()}
    total = 0.0
    for own, other in ((0, 1), (1, 0)):
        place = batch[f"place_{own + 1}"]
        one = found["coarse"][own][np.arange(ROWS), place]
        for source, target in (
            (found["whole"][own], found["coarse"][other]),
            (found["whole"][own], found["fine"][other]),
            (one, found["coarse"][other]),
        ):
            loss, square = one_direction(source, target, method.clip)
            total += loss / 2 + penalty * square / 2
    return total


@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_the_loss_is_the_formula_over_three_pairs_of_scales_and_both_directions(penalty, batch):
    method = method_of(penalty=penalty)
    assert_close(loss_of(method, batch, False), expected(method, batch, penalty), NETWORK)


def test_views_in_the_other_order_give_the_same_loss(batch):
    method = method_of()
    swapped = {f"{name[:-1]}{3 - int(name[-1])}": x for name, x in batch.items()}
    assert_close(loss_of(method, swapped, False), loss_of(method, batch, False), SUM)


def test_vectors_of_zero_give_the_logarithms_of_the_places_of_others():
    method = method_of()
    zero = {
        "whole": np.zeros((2, 4, 8)),
        "coarse": np.zeros((2, 4, 25, 8)),
        "fine": np.zeros((2, 4, 49, 8)),
    }
    batch = {f"place_{k}": np.zeros(4, "int32") for k in (1, 2)}
    terms = method.loss_terms(batch, zero, False)
    assert_close(terms["whole_to_coarse"], 4.330733, NETWORK)
    assert_close(terms["whole_to_fine"], 4.997212, NETWORK)
    assert_close(sum(terms.values()), 13.658679, NETWORK)


def test_the_residual_branch_of_every_block_begins_at_zero():
    encoder = amdim_encoder(32, 4, 16, 2)
    images = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    last = encoder.get_layer("block_2").output
    first = encoder.get_layer("block_1").output
    maps = keras.Model(encoder.input, [first, last])({"images": images})
    before, after = (np.asarray(x) for x in maps)
    means = keras.layers.AveragePooling2D(4, 2)(before)
    assert_close(after[..., :4], means, SUM)
    np.testing.assert_array_equal(after[..., 4:], 0)


@pytest.mark.parametrize(
    ("size", "sides"), [(32, [30, 14, 7, 5, 3, 1]), (64, [30, 14, 7, 5, 3, 1])]
)
def test_maps_shrink_without_padding(size, sides):
    encoder = amdim_encoder(size, 2, 16, 1)
    found = [encoder.get_layer(f"block_{k}").output.shape[1] for k in range(1, 7)]
    assert found == sides
    assert encoder.output["embedding"].shape == (None, 16)


def test_a_place_sees_a_part_of_the_picture_alone():
    encoder = amdim_encoder(32, 2, 8, 1)
    fine = keras.Model(encoder.input, encoder.get_layer("block_3").output)
    images = np.random.default_rng(0).random((1, 32, 32, 3), "float32")
    changed = images.copy()
    changed[:, 8:] = 0.5
    before, after = (np.asarray(fine({"images": x})) for x in (images, changed))
    np.testing.assert_array_equal(after[:, 0], before[:, 0])
    assert not np.array_equal(after[:, 2], before[:, 2])


def test_the_picture_shows_images_and_lights_their_places():
    pictures = list(np.random.default_rng(1).integers(0, 256, (3, 20, 20, 3)).astype("uint8"))
    data = PlaceViews(pictures, size=SIZE, batch_size=2, places=4)
    [(title, _, picture)] = method_of().report_images(data.on(data.open(pictures)))
    assert (title, picture.shape, picture.dtype) == ("Places", (32, 48, 3), np.uint8)
    assert (picture[16:] <= picture[:16]).all()
    assert (picture[16:] == picture[:16]).any()


def test_what_does_not_fit_is_refused():
    for arguments, message in (
        ({"clip": 0.0}, "clip"),
        ({"penalty": -1.0}, "penalty=-1"),
        ({"places": 25}, r"coarse=2\) has 4 places, but data.places is 25"),
        ({"fine": 5}, "map of 5 x 5; .* have 2, 4 along"),
    ):
        with pytest.raises(ValueError, match=message):
            method_of(**arguments)
    for arguments in ({"size": 48}, {"width": 0}, {"embedding_dim": 8}):
        with pytest.raises(ValueError, match=f"amdim_encoder.{next(iter(arguments))}="):
            amdim_encoder(**{"size": 32, "width": 4, "embedding_dim": 16, **arguments})
