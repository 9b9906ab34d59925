import numpy as np

from mmssl.evaluation.online.stream import labeled_batches
from mmssl.pipelines.images import ImageCrops


def read(start=0, count=7, seed=0):
    """Reads batches of 4 of 11 pictures, each of one shade and of the class of its number."""
    pictures = np.repeat(np.arange(11, dtype="uint8"), 8 * 8 * 3).reshape(11, 8, 8, 3)
    data = ImageCrops(pictures, size=8, batch_size=4).prepare()
    batches = labeled_batches(data, data.items, np.arange(11), 4, seed, start)
    return [(images["images"].numpy(), codes.numpy()) for images, codes in batches.take(count)]


def test_inputs_and_classes_are_of_the_same_items():
    for images, codes in read():
        np.testing.assert_array_equal(np.rint(255 * images[:, 0, 0, 0]), codes)


def test_batches_are_whole_and_come_round_in_an_order_of_the_seed():
    codes = np.array([codes for _, codes in read()])
    assert codes.shape == (7, 4)
    assert len(set(codes[:2].ravel())) == 8
    np.testing.assert_array_equal(codes[2:4], codes[:2])
    assert not np.array_equal(codes, [codes for _, codes in read(seed=1)])


def test_batches_from_one_on_are_those_that_follow_it():
    expected = [codes for _, codes in read(count=6)]
    for start in (1, 2, 3):
        found = [codes for _, codes in read(start, count=6 - start)]
        np.testing.assert_array_equal(found, expected[start:])
