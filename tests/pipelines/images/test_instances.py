"""Crops that know which picture they are of."""

import numpy as np
import pytest

from mmssl.pipelines.images import InstanceCrops
from tests.pipelines.elements import elements
from tests.tolerances import share_margin

COUNT = 10
# Every picture has one color, by which its crops are known.
PICTURES = [np.full((12, 12, 3), 20 * number, "uint8") for number in range(COUNT)]


def data_of(**kwargs):
    return InstanceCrops(PICTURES, **{"size": 4, "batch_size": 5, "num_negatives": 400, **kwargs})


def test_the_number_is_that_of_the_picture_in_every_epoch():
    data = data_of()
    for step, batch in enumerate(data.batches(seed=3).take(4).as_numpy_iterator()):
        shown = np.rint(batch["images"].mean(axis=(1, 2, 3)) * 255 / 20)
        np.testing.assert_array_equal(batch["index"], shown)
        assert batch["index"].dtype == batch["negatives"].dtype == np.int32
        assert len(set(batch["index"])) == 5, step


def test_negatives_are_drawn_from_all_pictures_alike():
    batch = elements(data_of(), batches=1, seed=0)
    shares = np.bincount(batch["negatives"].ravel(), minlength=COUNT) / batch["negatives"].size
    assert batch["negatives"].shape == (5, 400)
    assert np.abs(shares - 1 / COUNT).max() < share_margin(1 / COUNT, batch["negatives"].size)
    assert not np.array_equal(batch["negatives"][0], batch["negatives"][1])


def test_there_may_be_no_negatives():
    assert sorted(elements(data_of(num_negatives=0), seed=0)) == ["images", "index"]


def test_a_number_of_negatives_below_0_is_refused():
    with pytest.raises(ValueError, match="num_negatives=-1"):
        data_of(num_negatives=-1)
