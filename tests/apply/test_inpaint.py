import numpy as np
import pytest
from PIL import Image

from mmssl.apply.inpaint import inpaint_files
from mmssl.cli import main


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for name, side in (("a.png", 32), ("deep/b.png", 40)):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (side, side, 3), "uint8")).save(path)
    return tmp_path / "photos"


def test_a_hole_is_shown_and_filled_and_the_rest_is_the_picture(inpainting_run, photos, tmp_path):
    paths = list(inpaint_files(inpainting_run, [str(photos)], tmp_path / "out"))
    names = ["a.masked.png", "a.png", "deep/b.masked.png", "deep/b.png"]
    assert [path.relative_to(tmp_path / "out").as_posix() for path in paths] == names
    true, masked, filled = (np.asarray(Image.open(path)) for path in (photos / "a.png", *paths[:2]))
    hidden = np.zeros((32, 32), bool)
    hidden[10:22, 10:22] = True
    assert len(np.unique(masked[hidden], axis=0)) == 1
    for picture in (masked, filled):
        np.testing.assert_array_equal(picture[~hidden], true[~hidden])
    assert (filled[hidden] != masked[hidden]).any()


def test_the_command_says_what_it_wrote(inpainting_run, photos, tmp_path, capsys):
    arguments = ["inpaint", inpainting_run.folder, photos / "a.png", "--out", tmp_path / "out"]
    assert main([str(argument) for argument in arguments]) == 0
    assert [line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines()] == [
        "a.masked.png",
        "a.png",
    ]


def test_a_picture_smaller_than_the_hole_is_refused(inpainting_run, tmp_path, capsys):
    Image.fromarray(np.zeros((15, 40, 3), "uint8")).save(tmp_path / "small.png")
    arguments = ["inpaint", inpainting_run.folder, tmp_path / "small.png", "--out", tmp_path / "o"]
    assert main([str(argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert "small.png" in error
    assert "smaller than the region to mask, 16 x 16 pixels" in error
    assert not (tmp_path / "o").exists()


def test_a_run_of_another_method_is_refused(picture_run, tmp_path):
    with pytest.raises(ValueError, match=r"trained by Colorization, not by ContextEncoder"):
        next(inpaint_files(picture_run, ["x.png"], tmp_path))
