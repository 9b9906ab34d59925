"""`mmssl generate` as a user meets it."""

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmssl.cli import main


def refused(capsys, *arguments):
    assert main(["generate", *map(str, arguments)]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    return error


def test_sound_is_written_and_its_paths_are_printed(wavenet_run, tmp_path, capsys):
    out = tmp_path / "y.wav"
    options = ["--seconds", "0.05", "--temperature", "0.9", "--count", "2", "--seed", "0"]
    assert main(["generate", str(wavenet_run.folder), *options, "--out", str(out)]) == 0
    printed = capsys.readouterr().out.split()
    assert printed == [str(tmp_path / "y-1.wav"), str(tmp_path / "y-2.wav")]
    assert all(soundfile.info(path).frames == 400 for path in printed)


def test_text_is_printed(language_run, capsys):
    options = ["--prompt", "The", "--tokens", "5", "--top-k", "3"]
    assert main(["generate", str(language_run.folder), *options]) == 0
    assert capsys.readouterr().out.startswith("The")


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--tokens=5", "generates audio, which does not support --tokens"),
        ("--top-p=0.9", "does not support --top-p"),
    ],
)
def test_options_of_text_do_not_go_with_sound(wavenet_run, capsys, option, sentence):
    assert sentence in refused(capsys, wavenet_run.folder, option)


def test_options_of_sound_do_not_go_with_text(language_run, capsys):
    error = refused(capsys, language_run.folder, "--seconds=2", "--out=y.wav")
    assert "generates text, which does not support --out, --seconds" in error


def test_a_run_that_generates_nothing_is_refused(sound_run, capsys):
    error = refused(capsys, sound_run.folder)
    assert "CPC, which is not generative; use a run of WaveNet, WaveRNN, " in error
    assert error.endswith("or GPT.")


def test_the_generator_is_exported(wavenet_run, tmp_path, capsys):
    out = str(tmp_path / "generator")
    arguments = ["--part", "generator", "--format", "saved_model", "--out", out]
    assert main(["export", str(wavenet_run.folder), *arguments]) == 0
    assert capsys.readouterr().out.startswith(f"{out}: ")


def test_pictures_are_drawn_on_one_page(pixel_run, tmp_path, capsys):
    out = tmp_path / "page.png"
    options = ["--count", "3", "--seed", "1", "--out", str(out)]
    assert main(["generate", str(pixel_run.folder), *options]) == 0
    assert capsys.readouterr().out.split() == [str(out)]
    assert Image.open(out).size == (2 * 100 + 4, 2 * 100 + 4)


def test_pictures_are_completed_and_what_is_no_picture_is_refused(pixel_run, tmp_path, capsys):
    photo, out = tmp_path / "photo.png", tmp_path / "page.png"
    Image.fromarray(np.full((20, 20, 3), 255, "uint8")).save(photo)
    given = (f"--prompt={photo}", f"--out={out}", "--count=2")
    assert main(["generate", str(pixel_run.folder), *given]) == 0
    page = np.asarray(Image.open(out))
    assert (page[4:52] == 255).all()
    assert (page[52:100, 4:100] < 255).any()
    assert "there is none at no.png" in refused(capsys, pixel_run.folder, "--prompt=no.png")
    assert "out must end in .png" in refused(capsys, pixel_run.folder, "--out=x.wav")
    assert "does not support --seconds" in refused(capsys, pixel_run.folder, "--seconds=2")
