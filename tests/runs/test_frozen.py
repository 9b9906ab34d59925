"""A run folder written by the first version with a format opens, goes on and is exported."""

import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from mmssl.cli import main
from mmssl.deploy import example_inputs, export_run, load_exported
from mmssl.runs import Run, RunFolder, read_history, read_recipe
from mmssl.training.pretraining import pretrain
from tests.runs.frozen import FOLDER, OVERRIDES, RECIPE, STEPS, STOPPED
from tests.tolerances import NETWORK, assert_close

MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shutil.copytree(FOLDER, tmp_path_factory.mktemp("frozen") / "run")


@pytest.fixture(scope="module")
def finished(folder):
    """The same command, called again in the folder."""
    return pretrain(RECIPE, folder, OVERRIDES, quiet=True)


def test_it_is_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= MOST_BYTES


def test_it_opens(folder):
    run = Run.load(folder)
    assert run.recipe == RECIPE
    assert run.untrained.output["embedding"].shape == (None, 8)


def test_it_goes_on_from_its_checkpoint(folder, finished):
    steps = [int(row["step"]) for row in read_history(finished.files.history)]
    assert steps == sorted(set(steps))
    assert steps[-1] == STEPS
    kept = [row for row in read_history(FOLDER / "history.csv") if int(row["step"]) <= STOPPED]
    rows = read_history(finished.files.history)[: len(kept)]
    # Columns that later versions added are empty there.
    assert [{name: value for name, value in row.items() if value} for row in rows] == kept
    weights = zip(finished.encoder.get_weights(), finished.untrained.get_weights(), strict=True)
    assert any(np.abs(one - two).max() > 0 for one, two in weights)


def test_it_is_evaluated(finished, tmp_path):
    for number in range(24):
        folder = tmp_path / "photos" / ("dark", "light")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        shade = np.random.default_rng(number).integers(0, 60, (16, 16, 3)) + 150 * (number % 2)
        Image.fromarray(shade.astype("uint8")).save(folder / f"{number}.png")
    source = [f"--data.source={tmp_path / 'photos'}", "--data.label_column=folder"]
    assert main(["evaluate", str(finished.folder), *source, "--probe", "knn"]) == 0
    [*_, result] = json.loads(finished.files.metrics.read_text())["probes"]
    assert result["encoder"]["knn"] > 0.5


@pytest.mark.parametrize("form", ["saved_model", "litert"])
def test_it_is_exported(form, finished, tmp_path):
    if form == "litert":
        pytest.importorskip("ai_edge_litert", reason="the extra litert is not installed")
    out = tmp_path / {"saved_model": "encoder", "litert": "encoder.tflite"}[form]
    exported = load_exported(export_run(finished, form, out).path)
    inputs = example_inputs(finished.encoder)
    expected = finished.encoder(inputs)["embedding"]
    assert_close(exported(inputs)["embedding"], expected, NETWORK)


@pytest.mark.parametrize(
    "keys",
    [
        ("data", "init_args", "solarize_probability"),
        ("method", "init_args", "key_statistics"),
        ("method", "init_args", "encoder", "init_args", "size"),  # which follows the data
        ("fit", "stop_on_collapse"),
        ("probe",),
    ],
)
def test_a_key_that_came_later_has_its_default_in_an_older_run(keys, tmp_path):
    folder = RunFolder(shutil.copytree(FOLDER, tmp_path / "run"))
    config = yaml.safe_load(folder.config.read_text())
    place = config
    for key in keys[:-1]:
        place = place[key]
    del place[keys[-1]]
    folder.config.write_text(yaml.safe_dump(config))
    folder.keep_config({"recipe": RECIPE, **read_recipe(RECIPE, OVERRIDES)})
    run = Run.load(folder.path)
    assert (run.data.size, run.layer) == (16, None)
    assert run.method().encoder.count_params() == run.untrained.count_params()


def test_a_key_that_came_later_and_is_set_makes_another_run(tmp_path):
    folder = RunFolder(shutil.copytree(FOLDER, tmp_path / "run"))
    text = folder.config.read_text()
    folder.config.write_text(text.replace("  stop_on_collapse: false\n", ""))
    config = read_recipe(RECIPE, [*OVERRIDES, "--fit.stop_on_collapse=true"])
    with pytest.raises(ValueError, match=r"fit.stop_on_collapse is False there, not True"):
        folder.keep_config({"recipe": RECIPE, **config})


def test_a_key_of_a_newer_version_is_named_with_its_file(tmp_path):
    folder = RunFolder(shutil.copytree(FOLDER, tmp_path / "run"))
    folder.config.write_text(folder.config.read_text().replace("stop_on_", "halt_on_"))
    with pytest.raises(ValueError, match=r"config\.yaml: There is no key 'fit\.halt_on_collapse'"):
        folder.keep_config({"recipe": RECIPE, **read_recipe(RECIPE, OVERRIDES)})
