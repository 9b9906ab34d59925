"""What a recipe or a run folder from elsewhere may run: nothing but mmssl's and Keras' networks."""

import copy
import shutil
import sys

import pytest
import yaml

from mmssl.cli import main
from mmssl.pipelines.images import ImageViews
from mmssl.runs import Run, read_recipe
from mmssl.training.pretraining import pretrain
from tests.runs.frozen import FOLDER

STRANGER = """
from pathlib import Path
Path({marker!r}).touch()
from mmssl.pipelines.images import ImageViews
class Mine(ImageViews):
    pass
def call(**arguments):
    Path({marker!r}).touch()
"""
CONFIG = yaml.safe_load((FOLDER / "config.yaml").read_text())
RECIPE = {name: CONFIG[name] for name in ("data", "method", "fit")}

# None of these is called; the first group is not even imported.
FOREIGN = ["stranger.call", "stranger.Mine", "shutil.rmtree", "os.system", "builtins.exec"]
NEAR = [
    "mmssl.files.shutil.rmtree",
    "mmssl.files.os.replace",
    "mmssl.runs.classes.importlib.import_module",
    "mmssl.files.write_text",
    "mmssl.runs.run.Path",
    "keras.utils.get_file",
    "keras.saving.load_model",
    "keras.layers.Lambda",
    "keras.layers.TFSMLayer",
    "rmtree",
    "",
    7,
]


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """A file that appears as soon as the module `stranger` is imported."""
    marker = tmp_path / "marker"
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "stranger.py").write_text(STRANGER.format(marker=str(marker)))
    monkeypatch.syspath_prepend(tmp_path / "modules")
    yield marker
    sys.modules.pop("stranger", None)


@pytest.fixture
def victim(tmp_path):
    """A folder that some of these calls would remove."""
    (tmp_path / "victim").mkdir()
    return tmp_path / "victim"


def spec(name, victim):
    return {"class_path": name, "init_args": {"path": str(victim)}}


def places(evil):
    """Sections with a class in every place where a parser or a builder might call it."""
    for section, path in {
        "data": [],
        "method": [],
        "method.encoder": ["encoder"],
        "data.source": ["source"],
        "data.labels": ["labels", 0],
        "method.encoder.size": ["encoder", "init_args", "size"],
        "method.projector": ["projector", "inner"],
    }.items():
        config = copy.deepcopy(RECIPE)
        name = section.split(".")[0]
        if not path:
            config[name] = evil
        else:
            place = config[name]["init_args"]
            for key in path[:-1]:
                if not isinstance(place.get(key), dict):
                    place[key] = {} if path[-1] != 0 else [None]
                place = place[key]
            place[path[-1]] = evil
        yield section, config


def run_with(config, tmp_path, name):
    folder = shutil.copytree(FOLDER, tmp_path / name)
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, **config}))
    return folder


@pytest.mark.parametrize("name", [*FOREIGN, *NEAR])
def test_a_run_folder_calls_no_strange_class(name, marker, victim, tmp_path):
    for number, (section, config) in enumerate(places(spec(name, victim))):
        run = Run.load(run_with(config, tmp_path, f"run_{number}"))
        for use in [lambda run=run: run.data] * section.startswith("data") + [run.method]:
            with pytest.raises(ValueError, match=r"names .*which") as refusal:
                use()
            assert f"{section}" in str(refusal.value)
            assert str(name) in str(refusal.value)
            assert "config.yaml" in str(refusal.value)
    assert victim.exists()
    assert not marker.exists()


@pytest.mark.parametrize("name", [*FOREIGN, *NEAR])
def test_a_recipe_file_calls_no_strange_class(name, marker, victim, tmp_path):
    for _, config in places(spec(name, victim)):
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
        with pytest.raises(ValueError, match=r"names .*which"):
            read_recipe(tmp_path / "mine.yaml")
    assert victim.exists()
    assert not marker.exists()


@pytest.mark.parametrize(
    "overrides",
    [
        ["--data.class_path=stranger.Mine"],
        ["--data.class_path", "stranger.Mine"],
        ["--method.encoder=stranger.call"],
        ["--method.encoder", "stranger.call"],
        ["--method.encoder.class_path=stranger.call", "--method.encoder.class_path=mmssl.x"],
        ["--method.init_args.encoder.class_path=stranger.call"],
        ["--method.encoder={class_path: stranger.call}"],
        ['--data.source={"class_path": "stranger.call"}'],
        ["--data.source=[{class_path: stranger.call}]"],
        ["--method.discriminator=stranger.call"],
    ],
)
def test_the_command_line_imports_no_strange_module(overrides, marker):
    with pytest.raises(ValueError, match=r"stranger\.\w+, which is no part of mmssl .* --trust"):
        read_recipe("vision/moco", overrides)
    assert not marker.exists()


def test_a_bare_name_in_place_of_an_encoder_is_refused_as_well(marker, tmp_path):
    config = copy.deepcopy(RECIPE)
    config["method"]["init_args"]["encoder"] = "stranger.call"
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(ValueError, match=r"method.encoder names stranger.call"):
        read_recipe(tmp_path / "mine.yaml")
    assert not marker.exists()


def test_a_module_that_is_trusted_is_imported_and_only_a_class_of_the_kind_is_called(
    marker, victim, tmp_path
):
    mine = {"data": {**RECIPE["data"], "class_path": "stranger.Mine"}}
    run = Run.load(run_with(mine, tmp_path, "mine"), trust=["stranger"])
    assert isinstance(run.data, ImageViews)
    assert type(run.data).__name__ == "Mine"
    marker.unlink()
    run = Run.load(
        run_with({"data": spec("stranger.call", victim)}, tmp_path, "call"), ["stranger"]
    )
    with pytest.raises(ValueError, match="which is not a Pipeline: it was not called"):
        _ = run.data
    assert not marker.exists()


def test_a_folder_to_resume_is_not_trusted_either(marker, victim, tmp_path):
    folder = run_with({"data": spec("stranger.call", victim)}, tmp_path, "run")
    with pytest.raises(ValueError, match=r"names stranger\.call"):
        pretrain("vision/moco", folder, quiet=True)
    assert not marker.exists()


@pytest.mark.parametrize(
    "command", [["evaluate"], ["embed", "x.png", "--out", "x.npz"], ["colorize", "x.png"]]
)
def test_a_command_that_opens_a_run_calls_only_what_it_may(command, victim, tmp_path, capsys):
    name, *rest = command
    folder = run_with({"data": spec("shutil.rmtree", victim)}, tmp_path, "run")
    shutil.copy(folder / "untrained.keras", folder / "encoder.keras")
    for trust, said in {"": "no part of mmssl", "--trust=shutil": "not a Pipeline"}.items():
        assert main([name, str(folder), *rest, *trust.split()]) == 2
        assert said in capsys.readouterr().err
    assert victim.exists()
