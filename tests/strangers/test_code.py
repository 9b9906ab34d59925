"""Files that would run code are refused in a sentence, and none of it runs."""

import io
import json
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from mmssl.cli import main
from mmssl.encoders import adapt, load_encoder
from mmssl.overview import overview
from mmssl.pipelines.sources import open_source, write_shards
from mmssl.runs import Run, read_recipe
from mmssl.suggest.pictures import examine
from tests.fuzzing.readers.arrays import npy, npz
from tests.fuzzing.readers.shards import with_checksum

TAG = "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{}']]"


@pytest.fixture
def marker(tmp_path):
    """A file that the code in the files of these tests would make."""
    path = tmp_path / "marker"
    yield path
    assert not path.exists()


class Touching:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def pickled(marker):
    """Returns the bytes of an `.npy` file with such a pickle."""
    file = io.BytesIO()
    np.save(file, np.array([Touching(marker)], object), allow_pickle=True)
    return file.getvalue()


def said(capsys, *command):
    """Runs a command that refuses its input, and returns what it says."""
    assert main(list(map(str, command))) == 2
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    return text


def encoder_with(layer):
    images = keras.Input((16, 16, 3), name="images")
    features = layer(keras.layers.Conv2D(2, 3)(images))
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    return keras.Model({"images": images}, {"features": features, "embedding": pooled})


def write_lambda(path, marker):
    place = str(marker)
    encoder_with(keras.layers.Lambda(lambda x: (open(place, "w"), x)[1])).save(path)  # noqa: SIM115
    marker.unlink()


def write_foreign(path, monkeypatch, marker):
    """Writes an encoder with a layer of a module that makes the file when it is imported."""
    modules = path.parent / "modules"
    modules.mkdir()
    (modules / "stranger.py").write_text(f"open({str(marker)!r}, 'w')")
    monkeypatch.syspath_prepend(modules)
    encoder_with(keras.layers.ReLU(name="foreign")).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    layer = next(x for x in config["config"]["layers"] if x["config"]["name"] == "foreign")
    layer |= {"module": "stranger", "class_name": "Mine", "registered_name": "Mine"}
    members["config.json"] = json.dumps(config).encode()
    path.write_bytes(npz(members))


def test_an_encoder_with_a_lambda_layer_is_not_loaded(run_folder, marker, capsys):
    write_lambda(run_folder / "encoder.keras", marker)
    reason = "holds a Lambda layer, whose code is not run"
    with pytest.raises(ValueError, match=reason):
        load_encoder(str(run_folder))
    with pytest.raises(ValueError, match=reason):
        adapt(str(run_folder / "encoder.keras"))
    assert reason in said(capsys, "export", run_folder, "--format", "litert")


def test_an_encoder_with_a_foreign_class_is_not_loaded(run_folder, marker, capsys, monkeypatch):
    write_foreign(run_folder / "encoder.keras", monkeypatch, marker)
    reason = "names Mine, which is neither of Keras nor of mmssl, and is not imported"
    with pytest.raises(ValueError, match=reason):
        load_encoder(str(run_folder))
    with pytest.raises(ValueError, match=reason):
        _ = Run.load(run_folder).encoder
    assert reason in said(capsys, "export", run_folder, "--format", "litert")
    assert "stranger" not in sys.modules


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5"])
def test_models_of_the_old_format_are_not_loaded(name, tmp_path):
    (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n")
    for load in (load_encoder, adapt):
        with pytest.raises(ValueError, match=rf"{name} is no \.keras file.* may be code"):
            load(str(tmp_path / name))


def test_data_are_not_unpickled(tmp_path, marker, capsys):
    path = tmp_path / "data.npz"
    path.write_bytes(npz({"x.npy": pickled(marker), "y.npy": npy(np.zeros(1))}))
    with pytest.raises(ValueError, match=r"data\.npz cannot be read as a NumPy archive: Object"):
        open_source(path, (".png",))
    assert "data.npz cannot be read" in said(capsys, "suggest", path)
    (tmp_path / "single.npz").write_bytes(pickled(marker))
    with pytest.raises(ValueError, match="it is a single array"):
        open_source(tmp_path / "single.npz", (".png",))


@pytest.mark.parametrize("name", ["checkpoints/last.npz", "whitening.npz"])
def test_a_run_is_not_unpickled(name, run_folder, marker):
    members = {f"variable_{i}.npy": pickled(marker) for i in range(3)}
    members |= {f"{name}.npy": pickled(marker) for name in ("position", "about", "mean", "kernel")}
    (run_folder / name).write_bytes(npz(members))
    if name == "whitening.npz":
        with pytest.raises(ValueError, match=r"whitening\.npz is damaged .*allow_pickle=False"):
            Run.load(run_folder).whitening_at()
    else:
        (run_folder / "encoder.keras").unlink()
        with pytest.raises(ValueError, match=r"last\.npz is damaged .*allow_pickle=False"):
            _ = Run.load(run_folder).encoder
        assert overview(run_folder)["state"] == "damaged: checkpoints/last.npz"


def test_the_index_of_shards_is_not_unpickled(tmp_path, marker):
    write_shards(open_source(["one", "two"], (".txt",)), tmp_path)
    (tmp_path / "index" / "records.npy").write_bytes(pickled(marker))
    with_checksum(tmp_path, "records")
    with pytest.raises(ValueError, match=r"records\.npy is damaged"):
        open_source(tmp_path, (".txt",))


def test_tags_in_yaml_make_nothing(tmp_path, marker, run_folder, capsys):
    evil = TAG.format(marker)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"data: {evil}")
    with pytest.raises(ValueError, match="is not valid YAML: could not determine a constructor"):
        read_recipe(recipe)
    assert "is not valid YAML" in said(capsys, "pretrain", recipe, "--out", tmp_path / "out")
    (run_folder / "config.yaml").write_text(f"format: 1\nrecipe: {evil}")
    with pytest.raises(ValueError, match=r"config\.yaml is damaged"):
        Run.load(run_folder)
    assert "matches no file" in said(capsys, "suggest", f"[{evil}]")
    config = read_recipe("vision/moco", [f"--data.source=[{evil}]"])
    assert config["data"]["init_args"]["source"] == f"[{evil}]"


def test_no_program_is_started_for_a_picture(tmp_path):
    path = tmp_path / "drawing.png"
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "EPS")
    path.write_bytes(file.getvalue())
    with pytest.raises(ValueError, match="not a picture, or damaged: of no known kind"):
        examine(path)
