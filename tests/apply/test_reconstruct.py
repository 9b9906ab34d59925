"""What a tokenizer leaves of pictures: a page, or a file an item."""

import numpy as np
import pytest
from PIL import Image

from mmssl.apply.reconstruct import reconstruct
from mmssl.cli import main
from mmssl.runs import Run
from tests.tolerances import assert_within


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for name in (*(f"{number}.png" for number in range(9)), "deep/a.png"):
        pixels = rng.integers(0, 255, (8, 8, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / "photos" / name)
    return tmp_path / "photos"


def rebuilt(run, photos):
    [batch] = run.data.examples(str(photos)).as_numpy_iterator()
    return batch["images"], np.clip(run.method().reconstruct(batch), 0, 1)


def test_a_page_shows_pictures_above_their_reconstructions(tokenizer_run, photos, tmp_path, capsys):
    arguments = ["reconstruct", tokenizer_run.folder, photos, "--out", tmp_path / "page.png"]
    assert main([str(argument) for argument in arguments]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "page.png")
    page = np.asarray(Image.open(tmp_path / "page.png")) / 255
    assert page.shape == (32, 64, 3)
    true, found = rebuilt(tokenizer_run, photos)
    for place, pictures in ((0, true), (8, found)):
        row = np.concatenate(pictures[:8], axis=1)
        assert_within(page[place : place + 8], row, 0.51 / 255)
    assert_within(page[16:24, :8], true[8], 0.51 / 255)
    assert (page[16:, 16:] == 1).all()  # where there are no more pictures


def test_a_folder_gets_a_file_an_item(tokenizer_run, photos, tmp_path):
    seen = []
    paths = list(
        reconstruct(
            tokenizer_run,
            [str(photos)],
            tmp_path / "out",
            progress=lambda *counts: seen.append(counts),
        )
    )
    assert [path.relative_to(tmp_path / "out").as_posix() for path in paths[-2:]] == [
        *("8.png", "deep/a.png")
    ]
    _, found = rebuilt(tokenizer_run, photos)
    assert_within(np.asarray(Image.open(paths[-1])) / 255, found[-1], 0.51 / 255)
    assert seen[-1] == (10, 10)


def test_what_makes_no_sense_is_refused(tokenizer_run, run_without_codes, photos, tmp_path):
    with pytest.raises(ValueError, match="count must be 1 or more; got 0"):
        list(reconstruct(tokenizer_run, [str(photos)], tmp_path / "page.png", count=0))
    with pytest.raises(ValueError, match="has the ending of a file"):
        list(reconstruct(tokenizer_run, [str(photos)], tmp_path / "page.txt"))
    with pytest.raises(ValueError, match="only a finished run of a tokenizer"):
        list(reconstruct(Run.load(run_without_codes), [str(photos)], tmp_path / "page.png"))
