"""Random crops and flips."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.images.resampling import (
    center_crop,
    crop_and_resize,
    random_crop_box,
    random_flip,
)
from mmssl.pipelines.sources import open_source
from tests.pipelines.elements import elements
from tests.tolerances import (
    assert_within,
    deviation_margin,
    mean_margin,
    share_margin,
)


def boxes(height, width, scale, ratio, count=4000):
    draw = tf.function(lambda i: random_crop_box(height, width, tf.stack([7, i]), scale, ratio))
    return np.stack([draw(tf.constant(i)).numpy() for i in range(count)])


def test_boxes_have_uniform_area_and_log_uniform_proportion():
    scale, ratio = (0.2, 0.6), (0.5, 2.0)
    top, left, height, width = boxes(1000, 1000, scale, ratio).T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + height <= 1000).all()
    assert (left + width <= 1000).all()
    area = height * width / 1e6
    proportion = np.log(width / height) / np.log(2)
    assert area.min() >= 0.199
    assert area.max() <= 0.601
    # A larger area fits in fewer proportions, so misfits are few here but not none.
    spread = 0.4 / np.sqrt(12)
    assert abs(area.mean() - 0.4) < mean_margin(spread, len(area))
    assert abs(area.std() / spread - 1) < deviation_margin(len(area))
    assert np.abs(proportion).max() <= 1.01
    assert abs(proportion.mean()) < mean_margin(2 / np.sqrt(12), len(area))
    for place in (top / (1001 - height), left / (1001 - width)):
        assert abs(place.mean() - 0.5) < mean_margin(1 / np.sqrt(12), len(area))


def test_where_no_box_fits_the_largest_centered_one_is_taken():
    for box in boxes(10, 1000, (0.9, 1.0), (3 / 4, 4 / 3), count=20):
        assert box.tolist() == [0, 493, 10, 13]
    for box in boxes(1000, 10, (0.9, 1.0), (3 / 4, 4 / 3), count=20):
        assert box.tolist() == [493, 0, 13, 10]


def test_a_single_pixel_can_be_cropped():
    assert boxes(1, 1, (0.2, 1.0), (3 / 4, 4 / 3), count=5).tolist() == [[0, 0, 1, 1]] * 5


def test_a_box_is_cut_and_resized_with_antialiasing():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    small = crop_and_resize(image, tf.constant([4, 10, 32, 48]), 8).numpy()
    assert (small.shape, small.dtype) == ((8, 8, 3), np.float32)
    pillow = Image.fromarray(image[4:36, 10:58]).resize((8, 8), Image.Resampling.BILINEAR)
    assert_within(small, np.asarray(pillow) / 255, 1.5 / 255)


def test_the_center_square_is_the_middle_of_the_long_side():
    image = np.zeros((8, 20, 3), np.uint8)
    image[:, 6:14] = 255
    np.testing.assert_array_equal(center_crop(image, 8), np.ones((8, 8, 3)))
    np.testing.assert_array_equal(center_crop(image.transpose(1, 0, 2), 8), np.ones((8, 8, 3)))


def test_half_of_the_pictures_are_mirrored():
    image = tf.reshape(tf.range(6.0), [1, 2, 3])
    flip = tf.function(lambda i: random_flip(image, tf.stack([3, i])))
    flipped = np.stack([flip(tf.constant(i)).numpy() for i in range(2000)])
    mirrored = (flipped == image[:, ::-1].numpy()).all(axis=(1, 2, 3))
    assert (mirrored | (flipped == image.numpy()).all(axis=(1, 2, 3))).all()
    assert abs(mirrored.mean() - 0.5) < share_margin(0.5, len(mirrored))


def photos(count=12):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (20 + i, 30, 3)).astype(np.uint8) for i in range(count)]


def test_crops_lie_between_zero_and_one():
    images = elements(ImageCrops(photos(), 16, 4), 3)["images"]
    assert (images.shape, images.dtype) == ((12, 16, 16, 3), np.float32)
    assert images.min() >= 0
    assert 0.5 < images.max() <= 1


def test_whole_pictures_without_flips_are_shown_as_they_are():
    gray = np.random.default_rng(0).integers(0, 256, (4, 8, 8)).astype(np.uint8)
    pipeline = ImageCrops(gray, 8, 4, scale=(1, 1), ratio=(1, 1), flip=False)
    images = elements(pipeline, 1)["images"]
    shown = sorted(image[..., 0].round(6).tolist() for image in images)
    assert shown == sorted((picture / np.float32(255)).round(6).tolist() for picture in gray)
    np.testing.assert_array_equal(images[..., 0], images[..., 2])


@pytest.mark.parametrize("calls", [1, 5])
def test_the_number_of_parallel_calls_changes_nothing(calls):
    expected = elements(ImageCrops(photos(), 16, 4), 6, seed=5)
    actual = elements(ImageCrops(photos(), 16, 4, num_parallel_calls=calls), 6, seed=5)
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value)


def write(folder, pictures):
    folder.mkdir()
    for i, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{i:02d}.png")
    return folder


def test_files_kept_or_read_each_time_give_the_crops_of_arrays(tmp_path):
    folder = write(tmp_path / "data", photos())
    expected = elements(ImageCrops(photos(), 16, 4), 6)["images"]
    for cache in (True, False):
        actual = elements(ImageCrops(folder, 16, 4, cache=cache), 6)["images"]
        np.testing.assert_array_equal(actual, expected)


def test_one_corrupt_file_among_twenty_is_skipped_and_nothing_but_corrupt_ones_refused(tmp_path):
    folder = write(tmp_path / "data", photos(20))
    (folder / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    pipeline = ImageCrops(folder, 16, 4).prepare()
    assert len(pipeline) == 5
    assert [name for name, _ in pipeline.skipped] == ["bad.jpg"]
    for file in folder.glob("*.png"):
        file.unlink()
    (folder / "worse.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 of 2 items cannot be read.*bad\.jpg.*worse\.jpg"):
        ImageCrops(folder, 16, 1).prepare()


def test_examples_are_center_squares_in_order(tmp_path):
    pipeline = ImageCrops("nowhere", 16)
    source = pipeline.open(write(tmp_path / "data", photos(5)))
    parts = list(pipeline.examples(source, batch_size=3).as_numpy_iterator())
    images = np.concatenate([part["images"] for part in parts])
    assert [len(part["images"]) for part in parts] == [3, 2]
    for image, pixels in zip(images, photos(5), strict=True):
        np.testing.assert_array_equal(image, center_crop(pixels, 16))
    np.testing.assert_array_equal(pipeline.preview(source, 4), photos(5)[4])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size=0"),
        ({"scale": (0, 1)}, "scale="),
        ({"scale": (0.5, 0.2)}, "scale="),
        ({"ratio": (2, 1)}, "ratio="),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageCrops("nowhere", **arguments)


def test_built_in_photos_are_ready_to_train_on():
    pipeline = ImageCrops().prepare()
    assert len(pipeline) >= 4
    assert elements(pipeline, 1)["images"].shape == (64, 64, 64, 3)


def test_real_photographs_are_read(real_data):
    pipeline = ImageCrops(real_data / "images" / "caltech101" / "test", 32).prepare()
    assert (len(pipeline.items), pipeline.skipped) == (1091, [])
    source = open_source(real_data / "images" / "fashion_mnist", ImageCrops.extensions)
    assert np.bincount(source.labels[source.splits == "test"].astype(int)).tolist() == [1000] * 10
