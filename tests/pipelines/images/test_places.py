"""Views that are mirrored alike, and a place of each."""

import numpy as np
import pytest

from mmssl.pipelines.images import PlaceViews
from tests.pipelines.elements import elements, same
from tests.tolerances import share_margin

# Bright to the right: a crop tells whether it was mirrored.
RAMP = np.broadcast_to(np.linspace(0, 255, 24)[None, :, None], (24, 24, 3)).astype("uint8")


def data_of(count=64, **kwargs):
    plain = {"jitter_probability": 0.0, "gray_probability": 0.0}
    return PlaceViews([RAMP] * count, size=8, batch_size=32, **plain, **kwargs)


def test_both_views_of_a_picture_are_mirrored_or_none():
    batch = elements(data_of(), batches=2, seed=0)
    rising = [batch[f"images_{k}"][:, 0, -1, 0] > batch[f"images_{k}"][:, 0, 0, 0] for k in (1, 2)]
    np.testing.assert_array_equal(*rising)
    assert 0.2 < rising[0].mean() < 0.8
    assert not np.array_equal(batch["images_1"], batch["images_2"])


def test_places_are_drawn_alike_and_apart_for_each_view():
    batch = elements(data_of(places=4), batches=16, seed=0)
    for view in (1, 2):
        place = batch[f"place_{view}"]
        assert place.dtype == np.int32
        shares = np.bincount(place, minlength=4) / len(place)
        assert np.abs(shares - 0.25).max() < share_margin(0.25, len(place))
    assert 0.1 < (batch["place_1"] == batch["place_2"]).mean() < 0.5


def test_one_picture_at_a_time_gives_the_same():
    together, apart = data_of(), data_of(cache=False)
    apart.prepare()
    apart._kept = None
    one, other = (elements(data, batches=1, seed=3) for data in (together, apart))
    places = ("place_1", "place_2")
    assert same({k: one[k] for k in places}, {k: other[k] for k in places})


def test_the_method_is_told_the_number_of_places():
    assert data_of(places=9).method_arguments() == {"places": 9}
    with pytest.raises(ValueError, match="places=0"):
        data_of(places=0)
