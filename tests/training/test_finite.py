import json
import threading
from unittest import mock

import keras
import numpy as np
import pytest
from PIL import Image

from mmssl.methods.bases import Pretrainer
from mmssl.runs import RunFolder
from mmssl.runs.recipe import build, read_recipe
from mmssl.training import finite
from mmssl.training.pretraining import pretrain

TRUST = ["tests.training.breaking"]
RECIPE = """
data:
  class_path: mmssl.pipelines.images.ImageCrops
  init_args: {{source: {source}, size: 12, batch_size: 4}}
method:
  class_path: tests.training.breaking.Breaking
  init_args:
    where: {where}
    encoder: {{class_path: mmssl.encoders.small_conv_encoder, init_args: {{size: 12}}}}
fit: {{steps: 60, monitor_examples: 0, checkpoint_seconds: {seconds}}}
"""


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe on pictures of one gray each, so that a batch shows what it is of."""

    def write(where, seconds):
        source = tmp_path / "grays"
        source.mkdir()
        for gray in range(10):
            Image.new("RGB", (12, 12), (20 * gray,) * 3).save(source / f"{gray}.png")
        path = tmp_path / "recipe.yaml"
        path.write_text(RECIPE.format(source=source, where=where, seconds=seconds))
        return path

    return write


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_what_is_not_finite_is_named_with_its_step_and_the_last_good_checkpoint_stays(
    recipe, tmp_path, where
):
    path, folder = recipe(where, seconds=0), RunFolder(tmp_path / "run")
    for _ in range(2):  # the second goes on from the checkpoint
        with pytest.raises(ValueError, match=r"not finite at step 4, .* last checkpoint is of be"):
            pretrain(path, folder.path, quiet=True, trust=TRUST)
        with np.load(folder.checkpoint) as archive:
            assert json.loads(str(archive["position"]))["step"] == 3
            assert all(np.isfinite(archive[name]).all() for name in archive if name != "position")
    shown = json.loads(folder.not_finite.read_text())
    assert (shown["step"], shown["elements"]) == (4, [12, 15])
    data = build(read_recipe(str(path), trust=TRUST)["data"])
    (images,) = next(data.batches(3, seed=0).as_numpy_iterator()).values()
    grays = np.round(keras.ops.mean(images, axis=(1, 2, 3)) * 255 / 20).astype(int)
    assert shown["items"] == [f"{gray}.png" for gray in grays]


@pytest.fixture
def steps(monkeypatch):
    """Steps that the runs of a test have taken, counted."""
    taken, take = [], Pretrainer.take_step

    def counted(self, batch):
        taken.append(batch)
        return take(self, batch)

    monkeypatch.setattr(Pretrainer, "take_step", counted)
    return taken


LONG = ["--data.batch_size=1", "--fit.steps=2000"]  # a period has 10 steps


@pytest.mark.parametrize(("ahead", "late"), [(False, 0), (True, 3)])
def test_it_is_noticed_at_its_step_and_on_a_device_that_is_behind_soon_after(
    recipe, tmp_path, steps, monkeypatch, ahead, late
):
    monkeypatch.setattr(finite, "_runs_ahead", lambda: ahead)
    path, folder = recipe("loss", seconds=1000), RunFolder(tmp_path / "run")
    with pytest.raises(ValueError, match=r"not finite at step 4, whose batch is in .*json\. Lower"):
        pretrain(path, folder.path, LONG, quiet=True, trust=TRUST)
    assert 4 <= len(steps) <= 4 + late
    assert not folder.checkpoint.exists()
    assert not folder.history.exists()
    with np.load(folder.not_finite_batch, allow_pickle=False) as aside:
        np.testing.assert_array_equal(aside["images"], steps[3]["images"])


def test_a_device_is_asked_beside_the_training_which_waits_only_two_steps_ahead(monkeypatch):
    monkeypatch.setattr(finite, "_runs_ahead", lambda: True)
    computed, read = threading.Event(), []

    def first():
        assert computed.wait(60)
        read.append(True)
        return 4

    method = mock.Mock()
    method.finite.first = first
    with finite.Watch(method) as watch:
        assert [watch.has_found(), watch.has_found(), bool(read)] == [False, False, False]
        computed.set()
        assert watch.has_found()


def test_a_batch_that_is_not_finite_itself_is_told_by_its_items(recipe, tmp_path):
    path = recipe("loss", seconds=1000)
    crops = "mmssl.pipelines.images.ImageCrops"
    path.write_text(path.read_text().replace(crops, "tests.training.breaking.BreakingCrops"))
    with pytest.raises(ValueError, match=r"The batch itself is not: leave out 7\.png, and choose"):
        pretrain(path, tmp_path / "run", ["--method.step=1000"], quiet=True, trust=TRUST)
