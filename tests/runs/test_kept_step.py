"""A run used at a step of which a checkpoint is kept, in a shell and in Python."""

import json
import shutil

import keras
import numpy as np
import pytest

from mmssl.cli import main
from mmssl.deploy import export_classifier
from mmssl.evaluation.probes.results import keep_result, of_the_end, read_results
from mmssl.overview import overview
from mmssl.runs import Run
from mmssl.runs.checkpoint import read_position
from mmssl.runs.kept import path_of
from tests.runs.frozen import FOLDER, STEPS, STOPPED
from tests.runs.test_damage import cut


@pytest.fixture
def folder(tmp_path):
    """A run that keeps the checkpoint of its step STOPPED; its last one has other weights."""
    folder = shutil.copytree(FOLDER, tmp_path / "run")
    last = Run.load(folder).files.checkpoint
    shutil.copyfile(last, path_of(last.parent, STOPPED))
    with np.load(last) as archive:
        state = {name: archive[name] for name in archive.files}
    position = read_position(last) | {"step": STOPPED + 1}
    halves = {name: value * 0.5 for name, value in state.items() if value.dtype == np.float32}
    np.savez(last, **{**state, **halves, "position": json.dumps(position)})
    return folder


@pytest.fixture
def picture(tmp_path):
    keras.utils.save_img(tmp_path / "one.png", np.full((20, 20, 3), 90), scale=False)
    return tmp_path / "one.png"


def test_files_are_embedded_with_its_weights_and_it_says_so(folder, picture, tmp_path, caplog):
    vectors = {}
    for name, step in (("kept", ["--step", str(STOPPED)]), ("last", [])):
        out = tmp_path / f"{name}.npz"
        assert main(["embed", str(folder), str(picture), *step, "--out", str(out)]) == 0
        vectors[name] = np.load(out)["vectors"]
    original = Run.load(FOLDER).method().encoder.get_weights()
    kept = Run.load(folder, step=STOPPED)
    for one, other in zip(kept.encoder.get_weights(), original, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(vectors["kept"], vectors["last"])
    assert f"{folder}: this encoder is that of step {STOPPED} of {STEPS}." in caplog.text
    assert f"has not ended: its encoder is that of step {STOPPED + 1}" in caplog.text


def test_its_export_stands_beside_that_of_the_end(folder, capsys):
    written = folder / f"saved_model_step_{STOPPED}"
    assert main(["export", str(folder), "--format", "saved_model", "--step", str(STOPPED)]) == 0
    assert str(written) in capsys.readouterr().out
    assert written.is_dir()
    assert not (folder / "saved_model").exists()


def test_its_results_stand_beside_those_of_the_end(folder, tmp_path, capsys):
    for number in range(12):
        kind = ("dark", "light")[number % 2]
        (tmp_path / "labeled" / kind).mkdir(parents=True, exist_ok=True)
        shade = np.full((20, 20, 3), 20 * number)
        keras.utils.save_img(tmp_path / "labeled" / kind / f"{number}.png", shade, scale=False)
    labeled = ["--data.source", str(tmp_path / "labeled"), "--data.label_column", "folder"]
    command = ["evaluate", str(folder), *labeled, "--probe", "knn"]
    assert main([*command, "--step", str(STOPPED)]) == 0
    assert f"at step {STOPPED}" in " ".join(capsys.readouterr().out.split())
    assert main(command) == 0
    results = read_results(folder / "metrics.json")
    assert [result["step"] for result in results] == [STOPPED, STOPPED + 1]


@pytest.mark.parametrize("command", [["embed", "x.png", "--out", "x.npz"], ["evaluate"]])
def test_a_step_that_is_not_kept_is_refused_with_those_that_are(command, folder, capsys):
    name, *rest = command
    assert main([name, str(folder), *rest, "--step", "99"]) == 2
    assert capsys.readouterr().err == (
        f"mmssl: {folder / 'checkpoints'} has no checkpoint of step 99: it keeps those of steps "
        f"{STOPPED}.\n"
    )


def test_a_damaged_one_is_named_and_the_others_can_be_used(folder):
    path = path_of(folder / "checkpoints", STOPPED)
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"{path.name} is damaged .* goes on without it"):
        Run.load(folder, step=STOPPED).encoder  # noqa: B018
    assert Run.load(folder).encoder.count_params()


def test_a_classifier_is_not_of_a_step(folder):
    with pytest.raises(ValueError, match=rf"not of step {STOPPED}: leave the step out"):
        export_classifier(Run.load(folder, step=STOPPED), "saved_model")


def test_what_was_measured_at_a_step_does_not_count_for_the_end(folder):
    def result(step, accuracy):
        scores = {"encoder": {"knn": accuracy}, "untrained": {"knn": 0.1}}
        return {"data": {}, "layer": None, "step": step, "probes": ["knn"], **scores}

    path = folder / "metrics.json"
    keep_result(path, result(STOPPED, 0.9))
    assert overview(folder)["probe"]["encoder"] == {"knn": 0.9}
    keep_result(path, result(None, 0.5))
    keep_result(path, result(STOPPED, 0.8))
    assert overview(folder)["probe"]["encoder"] == {"knn": 0.5}
    assert [kept["step"] for kept in of_the_end(read_results(path))] == [None]
