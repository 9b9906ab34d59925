"""Every paper recipe can be trained as it is, on eight devices, although no test has them."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mmssl.optimizers.build import build_optimizer
from mmssl.runs import read_recipe, recipe_names
from mmssl.runs.recipe import Fit, build, open_recipe
from mmssl.training.pretraining import pretrain
from tests.contract.building import policy
from tests.contract.coded import coded_photos, coded_shapes, coded_sound
from tests.runs.paper_recipes import SMALL

NAMES = [name for name in recipe_names() if name.endswith("_paper")]
# Its encoder is that of another run.
STARTED = {"text/simcse_paper"}
# Networks of a layer or three, whose papers have batches of 1 to 100 and no devices to divide.
CLASSIC = {
    f"vision/{name}_paper"
    for name in (
        "contractive_autoencoder",
        "deep_belief_network",
        "denoising_autoencoder",
        "rbm",
        "sparse_autoencoder",
        "stacked_denoising_autoencoder",
        "variational_autoencoder",
    )
} | {"tables/scarf_paper"}
# What makes the codes of those that learn from a tokenizer's.
CODED = {
    "audio/jukebox_prior_paper": coded_sound,
    "audio/jukebox_upsampler_paper": coded_sound,
    "pairs/dalle_paper": coded_shapes,
    "vision/pixel_cnn_prior_paper": coded_photos,
}
# Stepped by whole runs below.
RUN = {"text/bert_paper", "text/bert_phase_2_paper", "text/simcse_paper"}


def test_every_paper_recipe_has_a_small_twin():
    assert set(SMALL) == set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in CLASSIC])
def test_a_paper_recipe_divides_among_eight_devices_and_trains_in_bfloat16(name):
    overrides = ["--method.encoder=mmssl.encoders.bert_encoder"] if "simcse" in name else []
    config = read_recipe(name, overrides)
    assert config["data"]["init_args"]["batch_size"] % 8 == 0
    assert config["fit"]["precision"] == "mixed_bfloat16"


def built_at_size(names):
    """The numbers of trainable weights of paper recipes, by name."""
    script = Path(__file__).with_name("paper_recipes_at_size.py")
    command = [sys.executable, "-m", f"tests.runs.{script.stem}", *sorted(names)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=script.parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


# Millions of weights: ResNet-50 has 23.5 without its classifier, the projector the others; BERT
# base 110 with its classifier; GPT 117.
KNOWN = {"vision/simclr_paper": 28, "text/bert_paper": 110, "text/gpt_paper": 117}


def test_paper_recipes_have_the_sizes_of_their_papers():
    assert {name: round(size / 1e6) for name, size in built_at_size(KNOWN).items()} == KNOWN


@pytest.mark.slow
def test_all_paper_recipes_are_built_at_their_sizes():
    names = {*NAMES} - STARTED - {*KNOWN}
    assert built_at_size(names).keys() == names


@pytest.mark.bfloat16
@pytest.mark.parametrize("name", [name for name in NAMES if name not in RUN])
def test_the_small_twin_of_a_paper_recipe_takes_a_step(name):
    coded = [f"--data.source={CODED[name]()}"] if name in CODED else []
    config, data = open_recipe(name, [*SMALL[name], *coded])
    keras.utils.set_random_seed(0)
    with policy("mixed_bfloat16"):
        method = build(config["method"])
    method.set_total_steps(2)
    method.compile(**method.make_optimizers(maker(Fit(**config["fit"]))), run_eagerly=True)
    method.make_train_function()
    before = [v.numpy() for v in method.trainable_variables]
    logs = method.train_function(iter(data.batches(seed=0).take(1)))
    after = [v.numpy() for v in method.trainable_variables]
    assert np.isfinite(float(logs["loss"]))
    assert all(np.isfinite(v).all() for v in after)
    assert any((a != b).any() for a, b in zip(before, after, strict=True))


def maker(fit):
    def make(variables, rate=1.0, constant=False):
        return build_optimizer(fit, variables, rate * fit.learning_rate, fit.weight_decay)

    return make


@pytest.mark.bfloat16
def test_the_second_phase_of_bert_goes_on_from_the_first_on_longer_texts(tmp_path):
    one_step = ("--fit.steps=1", "--fit.monitor_examples=0")
    first = pretrain(
        "text/bert_paper", tmp_path / "first", [*SMALL["text/bert_paper"], *one_step], quiet=True
    )
    name = "text/bert_phase_2_paper"
    folders = (f"--data.vocabulary={first.folder}", f"--fit.initial_weights={first.folder}")
    second = pretrain(name, tmp_path / "second", [*SMALL[name], *folders, *one_step], quiet=True)
    assert second.data.encode(["word " * 90])["token_ids"].shape == (1, 64)
    for one, two in zip(first.encoder.get_weights(), second.untrained.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.bfloat16
def test_simcse_goes_on_from_a_bert(text_run, tmp_path):
    name = "text/simcse_paper"
    sizes = (f"--data.vocabulary={text_run.folder}", "--data.vocabulary_size=400")
    fixed = (
        f"--method.encoder.path={text_run.folder}",
        "--fit.steps=1",
        "--fit.monitor_examples=0",
    )
    run = pretrain(name, tmp_path / "run", [*SMALL[name], *sizes, *fixed], quiet=True)
    assert run.encoder.output["embedding"].shape[-1] == 32
