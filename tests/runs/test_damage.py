"""Every file of a run that is damaged is named in one sentence, with what to do."""

import shutil
from unittest import mock

import pytest

from mmssl.cli import main
from mmssl.encoders import load_encoder
from mmssl.runs import Run, RunFolder
from mmssl.runs.checksums import CHECKSUMS, check_files, note_files_of_data, write_noted
from mmssl.training import loop
from mmssl.training.pretraining import pretrain
from tests.stopping import StoppedError, stop_after
from tests.training.test_run import TINY

OVERRIDES = [*TINY, "--fit.steps=1"]


def empty(content):
    return b""


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES = pytest.mark.parametrize("damage", [empty, cut, flip])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage") / "run"
    run = pretrain("audio/cpc", folder, OVERRIDES, quiet=True)
    write_noted(run.files.metrics, '{"probes": []}')
    (folder / "vocabulary.txt").write_text("cat\ndog\n")
    note_files_of_data(folder)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return RunFolder(shutil.copytree(finished, tmp_path / "run"))


def spoil(path, damage):
    path.write_bytes(damage(path.read_bytes()))


@DAMAGES
@pytest.mark.parametrize(
    "name",
    [
        "config.yaml",
        "environment.json",
        "plan.json",
        "history.csv",
        "metrics.json",
        "vocabulary.txt",
        "encoder.keras",
        "untrained.keras",
        CHECKSUMS,
    ],
)
def test_a_damaged_file_is_named_when_the_run_is_opened_or_resumed(name, damage, folder):
    spoil(folder.path / name, damage)
    if (name, damage) == (CHECKSUMS, flip):  # still JSON, of another name or sum
        return
    for use in (Run.load, lambda path: pretrain("audio/cpc", path, OVERRIDES, quiet=True)):
        with pytest.raises(ValueError, match=rf"{name} is damaged") as refusal:
            use(folder.path)
        assert str(refusal.value).count("\n") == 0


@DAMAGES
def test_a_damaged_checkpoint_costs_the_method_and_not_the_encoder(damage, folder, caplog):
    spoil(folder.checkpoint, damage)
    run = Run.load(folder.path)
    assert run.encoder.count_params() > 0
    assert damage is flip or "the encoder can be used, the method cannot" in caplog.text
    with pytest.raises(ValueError, match=r"last\.npz is damaged .*encoder\.keras can"):
        run.method()


@DAMAGES
def test_a_checkpoint_is_refused_in_one_sentence_where_a_run_goes_on(damage, folder, capsys):
    folder.encoder.unlink()
    spoil(folder.checkpoint, damage)
    command = ["pretrain", "audio/cpc", "--quiet", "--out", str(folder.path), *OVERRIDES]
    assert main(command) == 2
    assert "last.npz is damaged" in capsys.readouterr().err


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one(tmp_path, caplog):
    overrides = [*TINY, "--fit.steps=3", "--fit.checkpoint_seconds=0"]
    folder, whole = RunFolder(tmp_path / "run"), tmp_path / "whole"
    expected = pretrain("audio/cpc", whole, overrides, quiet=True).method().get_weights()
    with mock.patch.object(loop, "save_state", stop_after(2)), pytest.raises(StoppedError):
        pretrain("audio/cpc", folder.path, overrides, quiet=True)
    spoil(folder.checkpoint, flip)
    said = f"the one before is used, {folder.checkpoint.with_name('before.npz')} of step 1."
    assert Run.load(folder.path).encoder.count_params() > 0
    assert said in caplog.text
    assert "its encoder is that of step 1 of 3" in caplog.text
    caplog.clear()
    run = pretrain("audio/cpc", folder.path, overrides, quiet=True)
    assert said in caplog.text
    for one, two in zip(run.method().get_weights(), expected, strict=True):
        assert (one == two).all()


@pytest.mark.parametrize("name", ["encoder.keras", "untrained.keras", "plan.json"])
def test_what_is_deleted_is_written_again_from_the_checkpoint(name, folder):
    before = Run.load(folder.path).method().get_weights()
    kept = Run.load(folder.path).untrained.get_weights()
    (folder.path / name).unlink()
    run = pretrain("audio/cpc", folder.path, OVERRIDES, quiet=True)
    for one, two in zip(run.method().get_weights(), before, strict=True):
        assert (one == two).all()
    for one, two in zip(run.untrained.get_weights(), kept, strict=True):
        assert (one == two).all()


def test_an_encoder_without_its_checkpoint_is_never_trained_over(folder, monkeypatch):
    folder.checkpoint.unlink()
    folder.untrained.unlink()
    monkeypatch.setattr(loop, "Training", None)
    assert pretrain("audio/cpc", folder.path, OVERRIDES, quiet=True).encoder.count_params() > 0


@pytest.mark.parametrize("name", ["environment.json", "history.csv", "metrics.json"])
def test_a_missing_file_is_told_and_the_run_is_opened(name, folder, caplog):
    (folder.path / name).unlink()
    assert Run.load(folder.path).encoder.count_params() > 0
    assert f"{name} is missing" in caplog.text


@DAMAGES
def test_an_encoder_from_elsewhere_is_read_through_as_well(damage, folder):
    spoil(folder.encoder, damage)
    with pytest.raises(ValueError, match=r"encoder\.keras is damaged"):
        load_encoder(folder.encoder)


def test_a_process_that_is_killed_between_checksum_and_file_leaves_both_known(
    tmp_path, monkeypatch
):
    path = tmp_path / "history.csv"
    write_noted(path, "first")
    written = []

    def killed(path, text):
        if path.name != CHECKSUMS:
            raise KeyboardInterrupt
        written.append(text)
        path.write_text(text)

    monkeypatch.setattr("mmssl.runs.checksums.write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        write_noted(path, "second")
    assert len(written) == 1
    check_files(tmp_path)
    path.write_text("second")
    check_files(tmp_path)


def test_a_folder_of_an_earlier_version_has_no_checksums_and_its_json_is_read(folder):
    (folder.path / CHECKSUMS).unlink()
    Run.load(folder.path)
    folder.metrics.write_text('{"probes": [')
    with pytest.raises(ValueError, match=r"metrics\.json is damaged: delete it, and evaluate"):
        Run.load(folder.path)
