"""Small finished runs, one a modality, trained once for all tests."""

import shutil

import pytest
import yaml

from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.contract.coded import coded_shapes


def tiny_run(name, tmp_path_factory, *overrides):
    case = all_cases()[name]
    folder = tmp_path_factory.mktemp("runs") / name
    fixed = ("--fit.steps=2", "--fit.monitor_examples=0")
    return pretrain(case.recipe, folder, [*case.tiny, *fixed, *overrides], quiet=True)


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory):
    return tiny_run("cpc", tmp_path_factory)


@pytest.fixture(scope="session")
def text_run(tmp_path_factory):
    return tiny_run("bert", tmp_path_factory)


@pytest.fixture(scope="session")
def language_run(tmp_path_factory):
    return tiny_run("gpt", tmp_path_factory)


@pytest.fixture(scope="session")
def words_run(tmp_path_factory):
    """GloVe, whose words have two tables, and which measures a table of pairs at its end."""
    pairs = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    pairs.write_text("word1\tword2\tscore\nthe\tand\t7\nThe\tfor\t3.5\nof\ta\t1\nthe\tzebra\t0\n")
    return tiny_run("glove", tmp_path_factory, f"--probe.similarity={pairs}")


@pytest.fixture(scope="session")
def pair_run(tmp_path_factory):
    """Pictures of shapes and their captions."""
    return tiny_run("clip", tmp_path_factory)


@pytest.fixture(scope="session")
def caption_run(tmp_path_factory):
    """DALL-E of codes of shapes, which nothing decodes."""
    return tiny_run("dalle", tmp_path_factory, f"--data.source={coded_shapes()}")


@pytest.fixture(scope="session")
def picture_run(tmp_path_factory):
    return tiny_run("colorization", tmp_path_factory)


@pytest.fixture(scope="session")
def inpainting_run(tmp_path_factory):
    return tiny_run("inpainting", tmp_path_factory)


@pytest.fixture(scope="session")
def pixel_run(tmp_path_factory):
    """PixelCNN of gray pictures of 8 pixels."""
    return tiny_run("pixel_rnn", tmp_path_factory)


@pytest.fixture(scope="session")
def tokenizer_run(tmp_path_factory):
    """VQ-VAE of small pictures."""
    return tiny_run("vq_vae", tmp_path_factory)


@pytest.fixture
def run_without_codes(tokenizer_run, tmp_path):
    """Folder of a run of a tokenizer that has lost its encoder of codes."""
    folder = shutil.copytree(tokenizer_run.folder, tmp_path / "without_codes")
    (folder / "code_encoder.keras").unlink()
    return folder


@pytest.fixture(scope="session")
def wavenet_run(tmp_path_factory):
    return tiny_run("wavenet", tmp_path_factory)


@pytest.fixture(scope="session")
def wavernn_run(tmp_path_factory):
    return tiny_run("wavernn", tmp_path_factory)


@pytest.fixture(scope="session")
def conditioned_run(tmp_path_factory):
    """A WaveNet that is told the speaker and how it sounds."""
    folder, case = tmp_path_factory.mktemp("conditioned"), all_cases()["wavenet"]
    recipe = {name: case.config()[name] for name in ("data", "method")}
    recipe["data"]["class_path"] = "mmssl.pipelines.audio.ConditionedWindows"
    recipe["data"]["init_args"] |= {"num_speakers": 9, "num_mel_bins": 8}
    for name in ("num_speakers", "num_mel_bins", "mel_hop"):  # which follow the data
        recipe["method"]["init_args"]["encoder"]["init_args"].pop(name)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    fixed = ["--fit.steps=2", "--fit.monitor_examples=8"]
    return pretrain(folder / "recipe.yaml", folder / "run", fixed, quiet=True)
