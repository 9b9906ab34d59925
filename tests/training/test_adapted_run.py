"""A KerasHub preset through a recipe: what a run begins with, goes on from, and hands over."""

import os
import signal

import keras_hub
import numpy as np
import pytest

from mmssl.cli import main
from mmssl.deploy.runs import export_run
from mmssl.runs import Run, read_recipe
from mmssl.training.pretraining import pretrain
from mmssl.training.progress import Progress

STEPS = 3


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """The folder of a preset, and the backbone that is in it."""
    folder = tmp_path_factory.mktemp("presets") / "vit"
    backbone = keras_hub.models.ViTBackbone((16, 16, 3), 8, 1, 2, 8, 16)
    backbone.save_to_preset(folder)
    keras_hub.layers.ViTImageConverter(scale=1 / 127.5, offset=-1).save_to_preset(folder)
    return folder, backbone


def arguments(folder):
    return [
        "--data.size=16",
        "--data.batch_size=4",
        "--data.limit=8",
        "--method.projector=[8,4]",
        "--method.predictor=[8,4]",
        "--method.encoder=mmssl.encoders.adapt",
        f"--method.encoder.model={folder}",
        f"--fit.steps={STEPS}",
        "--fit.monitor_examples=0",
    ]


def test_a_run_begins_with_a_presets_weights_and_goes_on_after_a_stop(
    preset, tmp_path, monkeypatch
):
    folder, backbone = preset
    given, stopped = arguments(folder), tmp_path / "stopped"

    def interrupted(self, logs, advance=Progress.advance):
        advance(self, logs)
        if self.done == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "advance", interrupted)
        assert main(["pretrain", "vision/byol", "--quiet", "--out", str(stopped), *given]) == 143
    whole = pretrain("vision/byol", tmp_path / "whole", given, quiet=True)
    resumed = pretrain("vision/byol", stopped, given, quiet=True)
    for own, theirs in zip(whole.untrained.get_weights(), backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(own, theirs)
    moved = zip(whole.encoder.get_weights(), backbone.get_weights(), strict=True)
    assert any(np.any(own != theirs) for own, theirs in moved)
    pairs = zip(whole.encoder.get_weights(), resumed.encoder.get_weights(), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)
    for name, format in (("saved", "saved_model"), ("encoder.tflite", "litert")):
        assert export_run(Run.load(stopped), format, tmp_path / name).bytes > 0


def test_a_preset_that_is_gone_is_named_before_anything_is_written(tmp_path, capsys):
    out = tmp_path / "run"
    given = arguments(tmp_path / "gone")
    assert main(["pretrain", "vision/byol", "--quiet", "--out", str(out), *given]) == 2
    assert "gone') finds nothing: give a .keras file" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--method.encoder=mmssl.encoders.adapt"], r"^mmssl\.encoders\.adapt needs .*: model\.$"),
        (
            ["--method.encoder=keras.applications.VGG16"],
            r"not called; give that name to mmssl\.enc",
        ),
        (
            ["--method.encoder=keras_hub.models.ViTBackbone"],
            r"without types, .* mmssl\.encoders\.adapt",
        ),
    ],
)
def test_what_is_named_in_place_of_adapt_is_answered_in_a_sentence(given, said):
    with pytest.raises(ValueError, match=said) as refused:
        read_recipe("vision/simclr", given)
    assert len(str(refused.value)) < 250


def test_another_encoder_on_the_command_line_has_its_own_keys(preset):
    folder, _ = preset
    config = read_recipe("vision/dino", arguments(folder)[5:7])
    encoder = config["method"]["init_args"]["encoder"]
    assert encoder["class_path"] == "mmssl.encoders.adapt"
    assert encoder["init_args"]["size"] == config["data"]["init_args"]["size"]
    with pytest.raises(ValueError, match=r"no key 'method\.encoder\.depth'"):
        read_recipe("vision/dino", [*arguments(folder)[5:7], "--method.encoder.depth=3"])
