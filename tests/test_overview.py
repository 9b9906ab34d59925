"""The runs of a folder at a glance."""

import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mmssl.cli import main
from mmssl.overview import find_runs, overview

FROZEN = Path(__file__).parent / "runs" / "format_1"


def made(folder, recipe="audio/cpc", steps=10, history=(), checkpoint=None, ended=False):
    """The small files of a run."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / ".lock").touch()
    (folder / "config.yaml").write_text(f"recipe: {recipe}\ndata: {{init_args: {{source: a/b}}}}\n")
    (folder / "plan.json").write_text(json.dumps({"steps": steps}))
    (folder / "history.csv").write_text("\n".join(["step,loss", *(f"{n},1.0" for n in history)]))
    if checkpoint is not None:
        np.savez(folder / "checkpoints" / "last.npz", position=json.dumps({"step": checkpoint}))
    if ended:
        (folder / "encoder.keras").touch()
    return folder


def test_a_run_of_mmssl_tells_its_recipe_its_data_and_its_last_probe(tmp_path):
    folder = shutil.copytree(FROZEN, tmp_path / "run")
    result = {"data": {"label_column": "digit"}, "probes": ["knn", "linear"]}
    result |= {"encoder": {"knn": 0.5, "linear": 0.75, "C": 1}, "untrained": {"knn": 0.25}}
    (folder / "metrics.json").write_text(json.dumps({"probes": [{"data": {}}, result]}))
    row, plan = overview(folder), json.loads((folder / "plan.json").read_text())
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert (row["recipe"], row["state"]) == (config["recipe"], "stopped")
    assert row["data"] == config["data"]["init_args"]["source"]
    assert 0 < row["step"] < row["steps"] == plan["steps"]
    assert row["probe"] == {
        "label": "digit",
        "encoder": {"knn": 0.5, "linear": 0.75},
        "untrained": {"knn": 0.25},
    }


def test_a_run_that_was_stopped_is_at_the_step_of_its_checkpoint(tmp_path):
    stopped = made(tmp_path / "stopped", history=(2, 4), checkpoint=5)
    assert overview(stopped)["state"] == "stopped"
    assert overview(stopped)["step"] == 5


def test_a_run_that_a_process_holds_is_running(tmp_path):
    folder = made(tmp_path / "run", history=(2, 4))
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert (overview(folder)["state"], overview(folder)["step"]) == ("running", 4)


@pytest.mark.parametrize("name", ["config.yaml", "plan.json", "checkpoints/last.npz"])
def test_a_damaged_file_is_named_and_the_others_are_listed(tmp_path, name):
    folder = made(tmp_path / "run", checkpoint=5)
    (folder / name).write_text("{")
    assert overview(folder)["state"] == f"damaged: {name}"


def test_the_age_is_that_of_the_last_thing_written(tmp_path):
    folder = made(tmp_path / "run", checkpoint=5)
    written = max(path.stat().st_mtime for path in folder.rglob("*.*"))
    assert overview(folder, now=written + 60)["age"] == 60


def test_runs_are_found_at_any_depth_and_never_inside_of_a_run_or_behind_a_link(tmp_path):
    outer, inner = made(tmp_path / "a"), made(tmp_path / "x" / "y" / "b")
    made(outer / "logs" / "old")
    made(tmp_path / ".hidden" / "c")
    (tmp_path / "x" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert find_runs(tmp_path) == [outer, inner]
    assert find_runs(outer) == [outer]


def test_a_run_whose_checkpoints_were_deleted_is_found(tmp_path):
    folder = made(tmp_path / "run", history=(5,), ended=True)
    (folder / "checkpoints").rmdir()
    assert find_runs(tmp_path) == [folder]
    assert (overview(folder)["state"], overview(folder)["step"]) == ("ended", 5)


def test_a_folder_without_runs_is_refused(tmp_path, capsys):
    assert main(["runs", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"mmssl: There is no run folder in {tmp_path}: `mmssl pretrain` makes one.\n"
    )


def test_the_table_comes_without_tensorflow(tmp_path):
    made(tmp_path / "good", checkpoint=7, ended=True)
    (made(tmp_path / "bad") / "plan.json").write_text("{")
    code = (
        "import sys; from mmssl.cli import main; assert main(['runs', sys.argv[1]]) == 0; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    assert "7/10" in shown
    assert "damaged" in shown


def test_compare_takes_the_ended_runs_of_a_folder(tmp_path, capsys):
    from mmssl.commands.compare import _ended

    done, other = made(tmp_path / "a", ended=True), made(tmp_path / "b")
    assert _ended([tmp_path]) == [done]
    assert "left out as not ended: 1" in capsys.readouterr().err
    assert _ended([other]) == [other]
