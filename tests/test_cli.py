"""The command line as a user meets it; wrong input gets one sentence and exit status 2."""

import pkgutil
import stat
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmssl import commands
from mmssl.cli import COMMANDS, main


def sounds(folder, count=8, seconds=1.5):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(count):
        soundfile.write(folder / f"{i}.wav", rng.normal(0, 0.1, int(8000 * seconds)), 8000)
    return folder


def pictures(folder, good=24, corrupt=0):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(good):
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), "uint8")).save(folder / f"good_{i}.jpg")
    for i in range(corrupt):
        (folder / f"corrupt_{i}.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


def refused(capsys, *arguments):
    """Runs a command that must end with status 2 and one sentence; returns the sentence."""
    assert main([str(argument) for argument in arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("mmssl: ")
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1
    return error


WITHOUT_TENSORFLOW = """
import sys
from mmssl.cli import COMMANDS, main
for command in ([], *([name.replace("_", "-")] for name in COMMANDS)):
    try:
        main([*command, "--help"])
    except SystemExit as end:
        assert end.code == 0
    assert not {"tensorflow", "keras"} & set(sys.modules), command
"""


def test_the_recipes_are_listed_without_tensorflow():
    listing = (
        "import sys; from mmssl.cli import main; assert main(['list']) == 0; "
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "audio/cpc " in done.stdout
    assert "CPC on 8 kHz speech" in done.stdout


def test_help_of_every_command_comes_without_tensorflow():
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("usage: mmssl") == 1 + len(COMMANDS)
    for name in COMMANDS:
        assert f"examples:\n  mmssl {name.replace('_', '-')}" in done.stdout


def test_every_module_of_a_command_is_a_command():
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    assert modules == {*COMMANDS, "arguments"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["pretend"], "invalid choice: 'pretend'"),
        (["evaluate", "run", "--fit.steps", "3"], "unrecognized arguments: --fit.steps 3"),
    ],
)
def test_a_command_that_does_not_parse_is_refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_a_command_that_is_stopped_says_so(capsys, monkeypatch):
    def stop(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("mmssl.commands.doctor.run", stop)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "mmssl: stopped.\n"


def test_an_empty_folder_is_refused(capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    error = refused(
        capsys,
        "pretrain",
        "audio/cpc",
        "--data.source",
        tmp_path / "empty",
        "--out",
        tmp_path / "run",
    )
    assert "empty" in error


def test_a_folder_of_corrupt_pictures_is_refused_by_name(capsys, tmp_path):
    folder = pictures(tmp_path / "photos", good=0, corrupt=3)
    error = refused(
        capsys,
        "pretrain",
        "vision/colorization",
        "--data.source",
        folder,
        "--out",
        tmp_path / "run",
    )
    assert "corrupt_0.jpg" in error


def test_a_label_table_of_other_files_is_refused(capsys, tmp_path):
    table = tmp_path / "labels.tsv"
    table.write_text("file\tlabel\nnobody.wav\tx\n")
    error = refused(
        capsys,
        "pretrain",
        "audio/cpc",
        "--data.source",
        sounds(tmp_path / "sounds"),
        "--data.labels",
        table,
        "--out",
        tmp_path / "run",
    )
    assert "nobody.wav" in error


def test_an_unknown_recipe_is_refused(capsys, tmp_path):
    assert "audio/cpc" in refused(capsys, "pretrain", "audio/cbc", "--out", tmp_path / "run")


def test_an_unknown_key_is_refused_with_the_nearest_one(capsys, tmp_path):
    error = refused(capsys, "pretrain", "audio/cpc", "--fit.stepz", "3", "--out", tmp_path / "run")
    assert "fit.steps" in error


def test_a_key_is_not_taken_for_an_option_that_begins_like_it(capsys, tmp_path):
    given = ("vision/simclr", "--data", "accept", "--out", tmp_path / "run")
    assert "no key 'data'" in refused(capsys, "pretrain", *given)


def test_a_text_given_to_an_audio_recipe_is_refused(capsys, tmp_path):
    (tmp_path / "novel.txt").write_text("It was a dark and stormy night.")
    error = refused(
        capsys,
        "pretrain",
        "audio/cpc",
        "--data.source",
        tmp_path / "novel.txt",
        "--out",
        tmp_path / "run",
    )
    assert "novel.txt" in error


def test_a_batch_larger_than_the_data_is_refused(capsys, tmp_path):
    error = refused(
        capsys,
        "pretrain",
        "audio/cpc",
        "--data.source",
        sounds(tmp_path / "sounds"),
        "--data.batch_size",
        64,
        "--out",
        tmp_path / "run",
    )
    assert "64" in error


def test_a_window_longer_than_every_clip_is_refused(capsys, tmp_path):
    error = refused(
        capsys,
        "pretrain",
        "audio/cpc",
        "--data.source",
        sounds(tmp_path / "sounds"),
        "--data.window",
        20480,
        "--data.batch_size",
        2,
        "--out",
        tmp_path / "run",
    )
    assert "20480" in error
    assert "12000" in error


def test_a_folder_that_cannot_be_written_is_refused(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    error = refused(capsys, "pretrain", "audio/cpc", "--out", tmp_path / "file" / "run")
    assert "cannot be written" in error


def test_a_run_folder_of_another_recipe_is_refused_and_kept(capsys, tmp_path):
    config = tmp_path / "run" / "config.yaml"
    config.parent.mkdir()
    config.write_text("format: 1\nrecipe: vision/colorization\n")
    error = refused(capsys, "pretrain", "audio/cpc", "--out", config.parent)
    assert "holds another run" in error
    assert config.read_text() == "format: 1\nrecipe: vision/colorization\n"


@pytest.mark.parametrize("command", ["evaluate", "embed", "export", "report", "fill-mask"])
def test_a_folder_that_is_no_run_is_refused(capsys, tmp_path, command):
    extra = {
        "embed": ["x.wav", "--out", "x.npz"],
        "export": ["--format", "litert"],
        "fill-mask": ["[MASK]"],
    }
    assert "is not a run folder" in refused(capsys, command, tmp_path, *extra.get(command, []))


def test_one_corrupt_picture_among_good_ones_is_skipped_and_named(tmp_path):
    folder = pictures(tmp_path / "photos", good=24, corrupt=1)
    tiny = [
        "--data.size=16",
        "--data.batch_size=4",
        "--method.encoder.channels=[4,4]",
        "--method.encoder.depths=[1,1]",
        "--method.encoder.strides=[2,2]",
        "--method.encoder.dilations=[1,1]",
        "--method.upsampling=1",
        "--fit.steps=2",
        "--probe.layer=null",
        "--fit.monitor_examples=0",
    ]
    from mmssl.training.pretraining import pretrain

    run = pretrain(
        "vision/colorization", tmp_path / "run", [f"--data.source={folder}", *tiny], quiet=True
    )
    assert "corrupt_0.jpg" in (run.folder / "skipped.txt").read_text()


def test_user_data_are_never_changed(tmp_path):
    folder = sounds(tmp_path / "sounds")
    for path in folder.iterdir():
        path.chmod(stat.S_IRUSR)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    from mmssl.training.pretraining import pretrain

    pretrain(
        "audio/cpc",
        tmp_path / "run",
        [
            f"--data.source={folder}",
            "--data.batch_size=2",
            "--data.window=5120",
            "--method.encoder.channels=8",
            "--method.encoder.context_dim=8",
            "--fit.steps=1",
            "--fit.monitor_examples=0",
        ],
        quiet=True,
    )
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
