"""Pairs of pictures that are alike or not, by their views or by a table of labels."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import ImagePairs
from tests.pipelines.elements import elements, same
from tests.tolerances import share_margin

LABELS = ["b", "a", "b", "", "a", "b", "a", ""]  # those without a label are alone


def shades(count=8):
    """Plain pictures, each of a gray that tells its number."""
    return [np.full((20, 24, 3), 30 * number, "uint8") for number in range(count)]


def of(pairs, count=8, **options):
    plain = {"jitter_probability": 0, "gray_probability": 0}
    if pairs == "labels":
        options["labels"] = LABELS[:count]
    return ImagePairs(shades(count), size=4, batch_size=4, pairs=pairs, **plain, **options)


def numbers(images):
    return np.rint(images.mean(axis=(1, 2, 3)) * 255 / 30).astype(int)


def drawn_pairs(pairs, batches=50):
    found = elements(of(pairs), batches)
    return numbers(found["images_1"]), numbers(found["images_2"]), found["same"] == 1


@pytest.mark.parametrize("pairs", ["views", "labels"])
def test_half_of_every_batch_is_alike(pairs):
    for batch in of(pairs).batches().take(5).as_numpy_iterator():
        assert batch["same"].sum() == 2
        assert batch["same"].dtype == np.float32


def test_views_are_alike_if_they_are_of_one_picture():
    first, second, alike = drawn_pairs("views")
    np.testing.assert_array_equal(first == second, alike)


def test_labels_are_alike_if_they_are_of_one_class_and_two_pictures_where_it_has_two():
    first, second, alike = drawn_pairs("labels")
    classes = np.array(["b", "a", "b", "c", "a", "b", "a", "none"])
    np.testing.assert_array_equal(classes[first] == classes[second], alike)
    np.testing.assert_array_equal(first[alike] == second[alike], np.isin(first[alike], [3, 7]))


@pytest.mark.parametrize("pairs", ["views", "labels"])
@pytest.mark.parametrize("alike", [0, 1])
def test_every_partner_that_there_may_be_is_as_likely(pairs, alike):
    data = of(pairs).prepare()
    classes = np.array([0, 1, 0, 2, 1, 0, 1, 3]) if pairs == "labels" else np.arange(8)
    numbers = tf.data.Dataset.range(1000)
    for index in (0, 4, 7):
        item, kind = tf.constant(index, tf.int64), tf.constant(alike, tf.int64)
        drawn = numbers.map(
            lambda n, item=item, kind=kind: data.partner(item, kind, tf.stack([0 * n, n]))
        )
        partners = np.array(list(drawn.as_numpy_iterator()))
        may = (classes == classes[index]) == bool(alike)
        if alike and may.sum() > 1:
            may[index] = False
        shares = np.bincount(partners, minlength=8) / len(partners)
        assert not shares[~may].any()
        expected = 1 / may.sum()
        assert np.abs(shares[may] - expected).max() <= share_margin(expected, len(partners))


def test_pairs_follow_from_seed_and_number():
    assert same(elements(of("views"), seed=3), elements(of("views"), seed=3))
    later = elements(of("views"), batches=1, start_step=2, seed=3)["images_2"]
    np.testing.assert_array_equal(elements(of("views"), seed=3)["images_2"][8:], later)


def test_the_two_views_of_a_pair_are_cropped_apart():
    rows = np.linspace(0, 255, 24, dtype="uint8")
    ramp = np.broadcast_to(rows[None, :, None], (20, 24, 3))
    data = ImagePairs([ramp, ramp[:, ::-1]], size=4, batch_size=2, jitter_probability=0)
    batch = elements(data, 5)
    assert (np.ptp(batch["images_1"] - batch["images_2"], axis=(1, 2, 3)) > 0).all()


def test_what_gives_no_pairs_is_refused():
    with pytest.raises(ValueError, match="needs labels, and the source has none"):
        ImagePairs(shades(), size=4, batch_size=4, pairs="labels").prepare()
    with pytest.raises(ValueError, match="two classes or more"):
        ImagePairs(shades(3), size=4, batch_size=2, pairs="labels", labels=["a"] * 3).prepare()
    with pytest.raises(ValueError, match="pairs='classes'"):
        ImagePairs(shades(), pairs="classes")
