"""Readers of recipes and of what is in a run folder."""

import shutil

import keras
import numpy as np

from mmssl.encoders.parts.saved import load_encoder
from mmssl.encoders.parts.whitening import Whitening
from mmssl.overview import overview
from mmssl.pipelines.sources.fingerprint import read_fingerprint
from mmssl.pipelines.sources.scan import read_skipped
from mmssl.recipes import recipe_path
from mmssl.runs import read_recipe
from mmssl.runs.checkpoint import load_weights, read_position
from mmssl.runs.checksums import CHECKSUMS
from mmssl.runs.folder import RunFolder
from mmssl.runs.whitening import About, read_whitening, write_whitening
from tests.fuzzing.reader import Reader
from tests.fuzzing.readers.arrays import npy, npz
from tests.runs.frozen import FOLDER

_RECIPES = ("audio/cpc", "vision/moco", "text/bert")


def _recipes(folder):
    files = {f"{name}.yaml": recipe_path(name).read_bytes() for name in _RECIPES}
    path = folder / "recipe.yaml"

    def read(name, data):
        path.write_bytes(data)
        read_recipe(path)

    return files, read


def _run_folder(folder):
    run = shutil.copytree(FOLDER, folder / "run")
    (run / "fingerprint.json").write_text('{"a.png": "12 34"}')
    (run / "metrics.json").write_text('{"probes": []}')
    (run / CHECKSUMS).write_text('{"classes.txt": ["00000000"]}')
    names = ("config.yaml", "history.csv", "plan.json", "environment.json", "skipped.txt")
    names = (*names, "fingerprint.json", "metrics.json", CHECKSUMS)
    files = {name: (run / name).read_bytes() for name in names}

    def read(name, data):
        try:
            (run / name).write_bytes(data)
            overview(run)
            read_skipped(run)
            read_fingerprint(run)
            RunFolder(run).read_sections()
            RunFolder(run).read_plan()
        finally:
            (run / name).write_bytes(files[name])

    return files, read


def _checkpoints(folder):
    path = FOLDER / "checkpoints" / "last.npz"
    with np.load(path) as archive:
        members = {f"{name}.npy": npy(archive[name]) for name in archive.files}
        weight = archive["variable_0"]
    model = keras.Sequential([keras.Input((3,))])
    model.add_weight(shape=weight.shape, name="weight")
    changed = folder / "last.npz"

    def read(name, data):
        changed.write_bytes(npz(members | {name: data}) if name in members else data)
        position = read_position(changed)
        assert isinstance(position, dict)
        load_weights(changed, model)

    small = {name: data for name, data in members.items() if len(data) < 2000}
    return small | {"last.npz": path.read_bytes()}, read


def _whitening(folder):
    path = folder / "whitening.npz"
    about = About(None, True, "it helps", 10, 0.1)
    write_whitening(path, Whitening(np.zeros(3, np.float32), np.eye(3, dtype=np.float32)), about)
    with np.load(path) as archive:
        members = {f"{name}.npy": npy(archive[name]) for name in archive.files}
    whole = path.read_bytes()

    def read(name, data):
        path.write_bytes(npz(members | {name: data}) if name in members else data)
        read_whitening(path)

    return members | {"whitening.npz": whole}, read


def _models(folder):
    """Mutates what is in a `.keras` file, as well as the file."""
    import zipfile

    image = keras.Input((8, 8, 3), name="images")
    features = keras.layers.Conv2D(2, 3, name="block_1")(image)
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    path = folder / "encoder.keras"
    keras.Model({"images": image}, {"features": features, "embedding": pooled}).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    files = members | {"encoder.keras": path.read_bytes()}

    def read(name, data):
        path.write_bytes(npz(members | {name: data}) if name in members else data)
        load_encoder(path)

    return files, read


READERS = (
    Reader("recipes: YAML", _recipes, quick=20),
    Reader("runs: small files", _run_folder, quick=100),
    Reader("runs: checkpoints", _checkpoints, quick=100),
    Reader("runs: whitening", _whitening, quick=100),
    Reader("models: .keras", _models, quick=40),
)
