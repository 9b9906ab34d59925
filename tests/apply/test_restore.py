import numpy as np
import pytest
from PIL import Image

from mmssl.apply.restore import restore_files, task_called
from mmssl.cli import main
from mmssl.deploy.restorer import write_restorer
from mmssl.deploy.signatures import load_signatures
from tests.deploy.conftest import skip_without
from tests.tiny_runs import tiny_run
from tests.tolerances import NETWORK, rounding


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tiny_run("ipt", tmp_path_factory)


@pytest.fixture
def photos(tmp_path):
    draw, folder = np.random.default_rng(0), tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    pixels = draw.integers(0, 255, (11, 21, 4), "uint8")
    Image.fromarray(pixels[..., :3]).save(folder / "a.png")
    Image.fromarray(pixels).save(folder / "deep" / "b.png")
    Image.fromarray(pixels[:5, :4, 0]).save(folder / "c.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels[..., :3]).save(folder / "d.jpg", exif=turned)
    return folder


def test_pictures_of_any_size_and_kind_are_restored_at_their_size(run, photos, tmp_path):
    paths = list(restore_files(run, [str(photos)], "upscale", tmp_path / "out"))
    sizes = {p.relative_to(tmp_path / "out").as_posix(): Image.open(p).size for p in paths}
    assert sizes == {"a.png": (42, 22), "c.png": (8, 10), "d.png": (22, 42), "deep/b.png": (42, 22)}
    assert all(Image.open(path).mode == "RGB" for path in paths)


def test_what_is_written_is_what_the_network_of_the_task_gives(run, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (8, 8, 3), "uint8")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    [path] = restore_files(run, [str(tmp_path / "a.png")], "denoise_30", tmp_path / "b.png")
    images = pixels[None].astype("float32") / 255
    restored = run.method().restorer("denoise_30")({"images": images})["restored"]
    difference = np.asarray(Image.open(path), int) - 255 * np.asarray(restored)[0]
    assert np.abs(difference).max() <= 0.51
    assert path == tmp_path / "b.png"


def test_the_command_says_what_it_wrote_and_which_tasks_there_are(run, photos, tmp_path, capsys):
    begin = ["restore", str(run.folder), str(photos / "a.png"), "--out", str(tmp_path / "x.png")]
    assert main([*begin, "--task", "denoise"]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "x.png")]
    assert main([*begin, "--task", "derain"]) == 2
    assert "was trained for denoise_30, upscale_2" in capsys.readouterr().err
    assert main(begin) == 2
    assert "a task must be named" in capsys.readouterr().err
    begin[2] = str(photos)
    assert main([*begin, "--task", "denoise"]) == 2
    assert "one file, for 4 pictures" in capsys.readouterr().err


def test_a_run_that_went_on_for_one_task_needs_no_name_of_it(run):
    class Named:
        folder = "runs/ipt"

    Named.data = type("Data", (), {"drawn": ("derain",)})
    assert task_called(Named, None) == "derain"
    assert task_called(run, "denoise_30") == "denoise_30"


@pytest.mark.parametrize(("format", "name"), [("saved_model", "r"), ("litert", "r.tflite")])
def test_the_exported_network_of_each_task_computes_the_same(run, format, name, tmp_path):
    skip_without(format)
    result = write_restorer(run.method(), run.data.drawn, tmp_path / name, format)
    assert result.max_difference < NETWORK * rounding()
    signatures = load_signatures(tmp_path / name)
    assert {"denoise_30", "upscale_2"} <= set(signatures)
    images = np.zeros((1, 8, 8, 3), "float32")
    assert signatures["upscale_2"](images=images)["restored"].shape == (1, 16, 16, 3)
