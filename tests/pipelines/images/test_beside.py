"""Channels that lie in folders beside the pictures."""

import numpy as np
import pytest
from PIL import Image

from mmssl.pipelines.images import ChannelCrops, ImageCrops
from mmssl.pipelines.images.resampling import center_crop
from tests.pipelines.elements import elements


@pytest.fixture
def folders(tmp_path):
    """Pictures, and a gray one of the red channel of each, half as large for every other."""
    rng = np.random.default_rng(0)
    for number in range(6):
        name = f"{'cats' if number % 2 else 'dogs'}/{number}"
        pixels = np.repeat(np.repeat(rng.integers(0, 256, (10, 12, 3)), 2, axis=0), 2, axis=1)
        gray = pixels[::2, ::2, 0] if number % 2 else pixels[..., 0]
        for folder, image, suffix in (("photos", pixels, ".png"), ("depth", gray, ".bmp")):
            path = (tmp_path / folder / name).with_suffix(suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.astype("uint8")).save(path)
    return tmp_path


def data_of(folders, beside=("depth",), **kwargs):
    return ChannelCrops(
        str(folders / "photos"), 8, 4, [str(folders / name) for name in beside], **kwargs
    )


def test_all_channels_of_a_picture_have_the_same_crop_and_flip(folders):
    images = elements(data_of(folders), batches=1, seed=2)["images"]
    assert images.shape == (4, 8, 8, 4)
    # A small gray picture is enlarged smoothly, where the large one has steps.
    same = np.abs(images[..., 3] - images[..., 0]).max(axis=(1, 2)) < 1e-6
    near = np.abs(images[..., 3] - images[..., 0]).mean(axis=(1, 2)) < 0.1
    other = np.abs(images[..., 3] - images[:, ::-1, :, 0]).mean(axis=(1, 2)) < 0.1
    assert same.any()
    assert near.all()
    assert not other.any()


def test_a_trained_encoder_gets_the_channels_too(folders):
    data = data_of(folders)
    [batch] = data.examples(str(folders / "photos"))
    source = data.open(str(folders / "photos"))
    for index, images in enumerate(batch["images"].numpy()):
        pixels = np.asarray(Image.open(folders / "photos" / source.names[index]))
        depth = Image.open((folders / "depth" / source.names[index]).with_suffix(".bmp"))
        np.testing.assert_array_equal(images[..., :3], center_crop(pixels, 8))
        if depth.size == (24, 20):
            expected = center_crop(np.asarray(depth)[..., None], 8)
            np.testing.assert_array_equal(images[..., 3:], expected)
    assert data.encoder_arguments() == {"size": 8, "image_channels": 4}


def test_without_other_folders_they_are_ordinary_crops(folders):
    plain = elements(ImageCrops(str(folders / "photos"), 8, 4), seed=1)["images"]
    np.testing.assert_array_equal(elements(data_of(folders, ()), seed=1)["images"], plain)


def test_a_channel_that_changed_since_the_run_began_is_refused(folders, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    data_of(folders).prepare(run)
    data_of(folders).prepare(run)
    Image.new("L", (24, 20)).save(folders / "depth" / "cats" / "1.bmp")
    with pytest.raises(ValueError, match=r"1 edited .*depth.cats.1\.bmp"):
        data_of(folders).prepare(run)
    assert data_of(folders).prepare(run, data_changed="accept").items is not None


def test_a_folder_that_is_missing_is_named(folders):
    (folders / "depth").rename(folders / "elsewhere")
    with pytest.raises(ValueError, match="depth' is no folder"):
        data_of(folders).prepare()


def test_a_picture_that_is_missing_beside_is_named(folders):
    (folders / "depth" / "cats" / "3.bmp").unlink()
    with pytest.raises(ValueError, match=r"lacks 1 of 6 pictures, the first is cats/3.png"):
        data_of(folders).prepare()
