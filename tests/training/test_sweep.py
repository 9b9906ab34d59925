"""Sweeps: the product of settings and seeds, resumable."""

from pathlib import Path

import numpy as np
import pytest

from mmssl.cli import main
from mmssl.training import sweep as module
from mmssl.training.sweep import plan_sweep, sweep
from tests.training.test_finish import trained  # noqa: F401 - labeled sounds, and a run of them
from tests.training.test_run import TINY


def test_every_combination_has_a_folder_of_its_own_and_its_overrides():
    settings = {"method.temperature": [0.1, 0.5], "data.scale": [[0.2, 1.0], None]}
    planned = plan_sweep(settings, 2, "out")
    assert len(planned) == 8
    assert planned[0] == (
        Path("out/temperature=0.1,scale=_0.2,_1.0_,seed=0"),
        ["--method.temperature=0.1", "--data.scale=[0.2, 1.0]", "--fit.seed=0"],
    )
    assert planned[-1][1] == ["--method.temperature=0.5", "--data.scale=null", "--fit.seed=1"]


@pytest.mark.parametrize(
    ("settings", "seeds", "said"),
    [
        ({"fit.steps": [1]}, 0, "seeds=0 must be 1 or more"),
        ({"fit.seed": [1, 2]}, 1, "fit.seed needs values"),
        ({"fit.steps": []}, 1, "fit.steps needs values"),
        ({"data.source": ["a/b", "a//b"]}, 1, "would have the folder out/source=a_b,seed=0"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(settings, seeds, said):
    with pytest.raises(ValueError, match=said):
        plan_sweep(settings, seeds, "out")


def test_a_wrong_value_is_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(ValueError, match="must be above 0; got -1"):
        sweep("audio/cpc", {"fit.learning_rate": [1e-3, -1.0]}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_it_ends_in_a_comparison_and_trains_only_what_is_new(
    trained,  # noqa: F811
    tmp_path,
    capsys,
    monkeypatch,
):
    folder, out = trained.parent, tmp_path / "out"
    labels = [f"--data.labels={folder / 'labels.tsv'}", "--data.label_column=pitch"]
    fixed = [
        *TINY,
        f"--data.source={folder}/*.wav",
        *labels,
        "--data.batch_size=2",
        "--fit.steps=1",
    ]
    command = ["sweep", "audio/cpc", "--seeds", "2", "--out", str(out), "--quiet", *fixed]
    assert main([*command, "--set", "fit.learning_rate=0.001"]) == 0
    shown = capsys.readouterr()
    assert "run 2 of 2" in shown.err
    assert (out / "comparison.html").exists()
    before = np.load(out / "learning_rate=0.001,seed=0" / "checkpoints" / "last.npz")
    done, pretrain = [], module.pretrain

    def spied(recipe, folder, *args, **options):
        done.append((folder.name, (folder / "encoder.keras").exists()))
        if "0.5" in folder.name:
            raise ValueError("it went wrong")
        return pretrain(recipe, folder, *args, **options)

    monkeypatch.setattr(module, "pretrain", spied)
    assert main([*command, "--set", "fit.learning_rate=0.001,0.5"]) == 2
    assert done == [
        ("learning_rate=0.001,seed=0", True),
        ("learning_rate=0.001,seed=1", True),
        ("learning_rate=0.5,seed=0", False),
        ("learning_rate=0.5,seed=1", False),
    ]
    assert "2 runs failed, the first with: it went wrong" in capsys.readouterr().err
    after = np.load(out / "learning_rate=0.001,seed=0" / "checkpoints" / "last.npz")
    for name in before.files:
        np.testing.assert_array_equal(before[name], after[name])


@pytest.mark.parametrize("text", ["method.temperature", "=1,2", "fit.steps=", "fit.steps=[1"])
def test_settings_without_values_are_refused(text, capsys):
    assert main(["sweep", "audio/cpc", "--set", text]) == 2
    assert "give a key and its values" in capsys.readouterr().err
