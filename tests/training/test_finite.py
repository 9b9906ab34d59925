import json

import keras
import numpy as np
import pytest
from PIL import Image

from mmssl.runs import RunFolder
from mmssl.runs.recipe import build, read_recipe
from mmssl.training.loop import pretrain

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


def test_it_is_noticed_when_a_period_ends_and_the_step_is_named_all_the_same(recipe, tmp_path):
    path = recipe("loss", seconds=1000)
    with pytest.raises(ValueError, match=r"not finite at step 4, of which .* items\. Lower"):
        pretrain(path, tmp_path / "run", quiet=True, trust=TRUST)
    assert not RunFolder(tmp_path / "run").checkpoint.exists()
