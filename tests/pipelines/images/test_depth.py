"""Crops with a map of depth as their fourth channel."""

import numpy as np
import pytest
from PIL import Image

from mmssl.pipelines.images import DepthCrops, ImageCrops
from tests.pipelines.elements import elements
from tests.tolerances import NETWORK, assert_close


@pytest.fixture
def folders(tmp_path):
    """Photos without contrast between neighbors, and of each a map in a second folder."""
    colors, depth = tmp_path / "colors" / "a", tmp_path / "depth" / "a"
    colors.mkdir(parents=True)
    depth.mkdir(parents=True)
    rows, columns = np.mgrid[0:24, 0:32]
    for number in range(6):
        levels = (4 * rows + 3 * columns + 10 * number).astype("uint8")
        Image.fromarray(levels[..., None].repeat(3, axis=-1)).save(colors / f"{number}.bmp")
        Image.fromarray(255 - levels).save(depth / f"{number}.png")
    return tmp_path / "colors", tmp_path / "depth"


def of(folders, **options):
    source, depth = map(str, folders)
    return DepthCrops(source, size=8, batch_size=3, depth=depth, **options)


def test_the_fourth_channel_is_cropped_and_flipped_like_the_others(folders):
    images = elements(of(folders), seed=2)["images"]
    assert images.shape == (9, 8, 8, 4)
    # Interpolation is linear, so a negative stays one.
    assert_close(images[..., 3], 1 - images[..., 0], NETWORK)


def test_the_colors_are_those_of_plain_crops(folders):
    plain = elements(ImageCrops(str(folders[0]), size=8, batch_size=3), seed=2)["images"]
    np.testing.assert_array_equal(elements(of(folders), seed=2)["images"][..., :3], plain)


def test_inputs_of_a_trained_encoder_have_the_map_of_their_own_image(folders):
    data = of(folders)
    data.prepare()
    some = data.items.select([4, 1])
    [inputs] = data.examples(some).as_numpy_iterator()
    images = inputs["images"]
    assert images.shape == (2, 8, 8, 4)
    assert_close(images[..., 3], 1 - images[..., 0], NETWORK)
    [again] = data.on(some).examples(some).as_numpy_iterator()
    np.testing.assert_array_equal(again["images"], images)


def test_a_map_of_another_size_is_scaled_to_the_image(folders):
    for path in folders[1].rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)).repeat(2, 0).repeat(2, 1)).save(path)
    images = elements(of(folders), seed=2)["images"]
    assert_close(images[..., 3], 1 - images[..., 0], NETWORK)


def test_images_without_a_map_are_named_before_training(folders):
    next(folders[1].rglob("3.png")).unlink()
    with pytest.raises(ValueError, match=r"1 of 6 images have no map .* such as a/3\.bmp"):
        of(folders).prepare()
    with pytest.raises(ValueError, match="depth='nowhere' is no folder"):
        of((folders[0], "nowhere")).prepare()
