"""PixelCNN over codes: likelihoods, the level above, and pictures of two levels."""

import itertools

import numpy as np
import pytest
from keras import ops

from mmssl.encoders import pixel_cnn_prior_encoder
from mmssl.generation.code_map_sampler import CodeMapSampler
from mmssl.methods.pixel_prior import PixelPrior
from mmssl.pipelines.codes import Codes
from tests.contract.coded import PHOTOS, CodedCase, coded_photos
from tests.tolerances import NETWORK, SUM, assert_close

TINY = (
    *("--data.batch_size=8", "--method.head_width=8", "--method.encoder.depth=1"),
    *("--method.encoder.vector_width=4", "--method.encoder.width=6"),
)
CODED = {"initial_loss": (np.log(8), 1e-5), "coded": coded_photos}
CASE = CodedCase("vision/pixel_cnn_prior", TINY, **CODED)
CASES = {"bottom": CodedCase("vision/pixel_cnn_prior", (*TINY, "--data.level=bottom"), **CODED)}


def method_of(shape=(4, 4), upper=(2, 2), entries=8):
    encoder = pixel_cnn_prior_encoder(shape, entries, upper, 4, 6, 1)
    method = PixelPrior(encoder, head_width=8)
    rng = np.random.default_rng(0)
    for variable in method.trainable_variables:
        variable.assign(rng.normal(0, 0.5, variable.shape))
    return method


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    shapes = {"codes": (3, 4, 4), "upper_codes": (3, 2, 2)}
    return {name: rng.integers(0, 8, shape).astype("int32") for name, shape in shapes.items()}


def test_the_probabilities_of_all_maps_add_up_to_1_under_each_map_above():
    method = method_of((2, 2), (1, 1), entries=2)
    every = np.array(list(itertools.product([0, 1], repeat=4)), "int32").reshape(16, 2, 2)
    sums = []
    for upper in (0, 1):
        told = np.full((16, 1, 1), upper, "int32")
        sums.append(np.exp(method.log_prob({"codes": every, "upper_codes": told})))
    assert_close(np.sum(sums, axis=1), 1, SUM)
    assert (sums[0] != sums[1]).any()


def test_a_code_depends_on_those_before_it_and_on_all_of_the_map_above(batch):
    method = method_of()
    before = np.asarray(method(batch)["logits"]).reshape(3, 16, 8)
    for place in range(16):
        codes = batch["codes"].reshape(3, 16).copy()
        codes[:, place] = 7 - codes[:, place]
        other = method({**batch, "codes": codes.reshape(3, 4, 4)})["logits"]
        moved = (np.asarray(other).reshape(3, 16, 8) != before).any(axis=(0, 2))
        assert not moved[: place + 1].any()
    last = batch["upper_codes"].copy()
    last[:, 1, 1] = 7 - last[:, 1, 1]
    told = np.asarray(method({**batch, "upper_codes": last})["logits"]).reshape(3, 16, 8)
    assert (told[:, 10:] != before[:, 10:]).any()
    assert (told[:, 5] != before[:, 5]).any()


def test_a_step_gives_the_features_of_the_whole_map(batch):
    method, (data, _) = method_of(), two_levels()
    sampler = CodeMapSampler(method, data)
    whole = np.asarray(method.encoder(batch)["features"])
    told, (_, kept) = np.asarray(sampler._told(batch["upper_codes"])), sampler.start(3)
    for place in range(16):
        row, column = divmod(place, 4)
        now, above = batch["codes"][:, row, column, None], [told[:, row, column]]
        features, kept = sampler.step(now, kept, ops.array(row), ops.array(column), above)
        assert_close(features, whole[:, row, column], NETWORK)


def brightness(codes):
    top = codes["top"].repeat(2, axis=1).repeat(2, axis=2)
    return (codes["bottom"] + top)[..., None] / 14


def two_levels():
    """Pipelines of the bottom and of the top level, decoded as how bright the parts are."""
    found = [Codes(coded_photos(), level=x, batch_size=4).prepare() for x in ("bottom", "top")]
    for data in found:
        data.decoder = brightness
    return found


def test_pictures_are_drawn_from_the_top_level_down():
    lower, upper = two_levels()
    top = CodeMapSampler(method_of((2, 2), None), upper)
    bottom = CodeMapSampler(method_of(), lower)
    pictures = top.sample(3, seed=2, below=[bottom])
    assert pictures.shape == (3, 4, 4, 3)
    codes = top.codes(3, seed=2)
    drawn = {"top": codes, "bottom": bottom.codes(3, seed=3, upper=codes)}
    np.testing.assert_array_equal(pictures, top.decoded(drawn))
    with pytest.raises(ValueError, match="levels top, bottom, in that order; got those of top:"):
        top.sample(1)


def test_what_the_level_above_tells_is_measured_beside_another_items_and_counts():
    lower, _ = two_levels()
    lower = lower.on(lower.items)
    found = method_of().validate(lower)
    names = {"bits_per_code", "shuffled_bits", "histogram_bits", "position_bits", "before_bits"}
    assert set(found) == names
    assert found["shuffled_bits"] != found["bits_per_code"]
    assert set(method_of(upper=None).validate(lower)) == names - {"shuffled_bits"}


def test_maps_that_do_not_divide_are_refused():
    assert PHOTOS.entries == 8
    with pytest.raises(ValueError, match="must divide code_shape"):
        pixel_cnn_prior_encoder((4, 4), 8, (3, 3))
