"""The toy checks of `test_collapse_of_views` on real pictures, at the sizes of the recipes."""

import csv
import warnings
from importlib import resources

import pytest
import yaml

from mmssl.evaluation.collapse.monitor import CollapseWarning
from mmssl.training import loop as run_module
from mmssl.training.pretraining import pretrain

NAMED, QUIET = 100, 150  # steps in which a collapse is named, and sound methods are left in peace
SOUND = (
    *("simsiam", "byol", "vicreg", "simclr", "barlow_twins", "moco", "moco_v1", "moco_v3"),
    *("dino", "swav"),
)
HERE = "tests.methods.test_collapse_of_views"
COLLAPSING = {
    "simsiam without stop-gradient": ("simsiam", f"{HERE}.WithoutStopGradient", {}),
    "byol without predictor": ("byol", f"{HERE}.WithoutPredictor", {}),
    "vicreg without variance": (
        "vicreg",
        "mmssl.methods.VICReg",
        {"loss_weights": {"variance": 0.0}},
    ),
    "dino without center": ("dino", "mmssl.methods.DINO", {"center_momentum": 1.0}),
}


class EnoughStepsError(Exception):
    """Stands for a run that has shown what it was trained for."""


@pytest.fixture
def overrides(real_data, monkeypatch):
    """Data of a run that ends by itself after the steps in question, its schedule unchanged."""

    def stop(path, model, position, *rest):
        if position["step"] == QUIET:
            raise EnoughStepsError

    monkeypatch.setattr(run_module, "save_state", stop)
    source = real_data / "images" / "fashion_mnist"
    return [f"--data.source={source}", "--data.limit=10000", "--fit.checkpoint_seconds=0"]


def broken(name, folder):
    """Writes the recipe of a method that lacks a part; returns its path."""
    recipe, class_path, arguments = COLLAPSING[name]
    config = yaml.safe_load(
        (resources.files("mmssl.configs") / f"vision/{recipe}.yaml").read_text()
    )
    config["method"]["class_path"] = class_path
    config["method"]["init_args"].update(arguments)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.learning
@pytest.mark.parametrize("name", COLLAPSING)
def test_a_recipe_without_what_keeps_it_sound_is_found_out(name, overrides, tmp_path):
    overrides.append("--fit.stop_on_collapse=true")
    with pytest.warns(CollapseWarning), pytest.raises(ValueError, match="are collapsing"):
        pretrain(broken(name, tmp_path), tmp_path / "run", overrides, True, [__name__])
    with open(tmp_path / "run" / "history.csv") as file:
        assert int(list(csv.DictReader(file))[-1]["step"]) <= NAMED


@pytest.mark.learning
@pytest.mark.parametrize("name", SOUND)
def test_a_recipe_as_it_is_gives_no_warning(name, overrides, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        with pytest.raises(EnoughStepsError):
            pretrain(f"vision/{name}", tmp_path / "run", overrides, quiet=True)
