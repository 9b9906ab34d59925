"""A full disk ends every command in one sentence, with what was there whole and nothing beside."""

import re
import resource
import shutil
import subprocess
from unittest import mock

import numpy as np
import pytest
import soundfile

from mmssl.cli import main
from mmssl.files import TEMPORARY_PREFIX
from mmssl.runs import RunFolder
from mmssl.runs.checkpoint import read_position
from mmssl.runs.kept import sound
from mmssl.training import loop
from mmssl.training.pretraining import pretrain
from tests.stopping import StoppedError, stop_after
from tests.training.test_run import TINY

RUN = [*TINY, "--fit.steps=4", "--fit.checkpoint_seconds=0"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("full") / "run"
    pretrain("audio/cpc", folder, RUN, quiet=True)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("full") / "run"
    with mock.patch.object(loop, "save_state", stop_after(2)), pytest.raises(StoppedError):
        pretrain("audio/cpc", folder, RUN, quiet=True)
    return folder


@pytest.fixture
def room():
    """Limits the size of a file, which says EFBIG where a full disk says ENOSPC."""
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def sounds(tmp_path):
    (tmp_path / "sounds").mkdir()
    for number in range(9):
        wave = np.random.default_rng(number).uniform(-0.5, 0.5, 4000)
        soundfile.write(tmp_path / "sounds" / f"{number}.wav", wave, 8000)
    return tmp_path / "sounds"


def contents(folder):
    """Returns the bytes of every file in a folder, by path, but for TensorBoard's."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "logs")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def told(capsys, *arguments):
    """Runs a command that cannot write a file, and returns its one sentence."""
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("mmssl: ")
    return said


def resumed(folder):
    return ["pretrain", "audio/cpc", "--quiet", "--out", folder, *RUN]


def test_a_checkpoint_leaves_the_one_before_whole_and_the_run_goes_on_later(
    finished, stopped, tmp_path, room, capsys
):
    folder = RunFolder(shutil.copytree(stopped, tmp_path / "run"))
    before = folder.checkpoint.read_bytes()
    room(len(before) // 2)
    said = told(capsys, *resumed(folder.path))
    assert f"{folder.checkpoint} cannot be written: File too large; what was there before" in said
    room(resource.RLIM_INFINITY)
    assert folder.checkpoint.read_bytes() == before
    assert not list(folder.path.rglob(f"{TEMPORARY_PREFIX}*"))
    run = pretrain("audio/cpc", folder.path, RUN, quiet=True)
    whole = RunFolder(finished)
    assert run.files.encoder.read_bytes() != whole.untrained.read_bytes()
    with np.load(run.files.checkpoint) as one, np.load(whole.checkpoint) as other:
        for name in set(one.files) - {"position"}:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    ("name", "size"), [("history.csv", 600), ("encoder.keras", 40_000), ("report.html", 300_000)]
)
def test_a_file_of_a_run_leaves_the_one_before_whole(name, size, finished, tmp_path, room, capsys):
    folder = RunFolder(shutil.copytree(finished, tmp_path / "run"))
    missing = {"history.csv": [folder.encoder, folder.checkpoint]}.get(name, [folder.path / name])
    for path in missing:
        path.unlink(missing_ok=True)
    before = contents(folder.path)
    room(size)
    said = told(capsys, *resumed(folder.path))
    names = "history.csv|logs" if name == "history.csv" else name  # two forms of the same
    assert re.search(rf"{folder.path}/({names}) cannot be written: File too large", said)
    room(resource.RLIM_INFINITY)
    after = contents(folder.path)
    assert {file for file in after if file not in before} <= {"whitening.npz"}
    assert not [file for file in after if TEMPORARY_PREFIX in file]


@pytest.mark.parametrize(
    ("command", "size", "written"),
    [
        (("index", "RUN", "SOUNDS", "--out", "OUT/sounds.index"), 300, "sounds.index"),
        (("embed", "RUN", "SOUNDS", "--out", "OUT/vectors.npz"), 300, "vectors.npz"),
        (
            ("prepare", "SOUNDS", "OUT/shards", "--shards", "1", "--workers", "1"),
            2000,
            "part-00000-of-00001.tfrecord",
        ),
        (("export", "RUN", "--format", "saved_model", "--out", "OUT/saved"), 9000, "saved"),
        (("export", "RUN", "--format", "litert", "--out", "OUT/e.tflite"), 9000, "e.tflite"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_made_of_a_run_or_of_data_leaves_nothing(
    command, size, written, finished, sounds, tmp_path, room, capsys
):
    (tmp_path / "out").mkdir()
    places = {"RUN": str(finished), "SOUNDS": str(sounds), "OUT": str(tmp_path / "out")}
    for name, place in places.items():
        command = [argument.replace(name, place) for argument in command]
    room(size)
    said = told(capsys, *command)
    assert f"{written} cannot be written: File too large" in said
    room(resource.RLIM_INFINITY)
    assert set(contents(tmp_path / "out")) <= {"shards/.unfinished/plan.json"}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "mmssl", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place, left):
    """Leaves so many bytes free on a disk."""
    free = shutil.disk_usage(place).free
    (place / "filler").write_bytes(bytes(max(0, free - left)))


@pytest.mark.parametrize("left", [0, 4096, 65_536])  # bytes
def test_a_run_on_a_small_disk(left, stopped, small_disk, capsys):
    folder = RunFolder(shutil.copytree(stopped, small_disk / "run"))
    fill(small_disk, left)
    said = told(capsys, *resumed(folder.path))
    assert re.search(rf"{folder.path}/\S+ cannot be written: No space left on device", said)
    assert sound(folder.checkpoint) == folder.checkpoint
    assert read_position(folder.checkpoint)["step"] >= 2
    assert not list(small_disk.rglob(f"{TEMPORARY_PREFIX}*"))


@pytest.mark.parametrize("command", ["index", "embed"])
def test_vectors_that_are_mapped_into_memory_on_a_small_disk(
    command, finished, sounds, small_disk, capsys
):
    for number in range(200):
        shutil.copyfile(sounds / "0.wav", sounds / f"more_{number}.wav")
    fill(small_disk, 8192)
    out = small_disk / "vectors.npz"
    said = told(capsys, command, finished, sounds, "--out", out)
    assert f"{out} cannot be written: No space left on device; nothing is left of it" in said
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
