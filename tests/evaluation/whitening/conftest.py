"""Runs over tiny pictures with splits, which end where a test says so."""

import numpy as np
import pytest

from mmssl.evaluation.whitening.of_run import whiten_run
from mmssl.pipelines.images import ImageCrops
from mmssl.runs import Run
from mmssl.runs.whitening import read_whitening
from tests.evaluation.conftest import SIZE, colored_pictures, tiny_encoder

TRAINED, HELD_OUT = 60, 20


@pytest.fixture
def pictures():
    """An archive of bright training pictures, and of black and white test pictures."""
    x, y = colored_pictures(TRAINED)
    test = np.zeros((HELD_OUT, *x.shape[1:]), np.uint8)
    test[::2] = 255
    return {"x_train": x, "y_train": y, "x_test": test, "y_test": y[:HELD_OUT]}


@pytest.fixture
def make_run(tmp_path, pictures):
    """Opens the run with other arguments of its section `probe`; without any, of an older run."""
    archive = tmp_path / "pictures.npz"
    np.savez(archive, **pictures)
    encoder = tiny_encoder()

    def opened(**probe):
        data = ImageCrops(str(archive), size=SIZE, batch_size=16)
        run = Run(tmp_path / "run", {"recipe": "tiny", "probe": {"layer": None, **probe}}, data)
        run.folder.mkdir(exist_ok=True)
        run.encoder = encoder
        run.untrained = tiny_encoder(seed=1)
        return run

    return opened


@pytest.fixture
def whitened_run(make_run):
    """A run that is whitened whatever its vectors, to three components."""
    run = make_run(whiten="pca", components=3)
    whiten_run(run)
    assert read_whitening(run.files.whitening)[1].used
    return run
