"""Small finished runs, one a modality, trained once for all tests of this folder."""

import pytest

from mmssl.training.run import pretrain
from tests.contract.cases import CASES


def tiny_run(name, tmp_path_factory, *overrides):
    case = CASES[name]
    folder = tmp_path_factory.mktemp("runs") / name
    fixed = ("--fit.steps=2", "--fit.monitor_examples=0")
    return pretrain(case.recipe, folder, [*case.tiny, *fixed, *overrides], quiet=True)


@pytest.fixture(scope="package")
def sound_run(tmp_path_factory):
    return tiny_run("cpc", tmp_path_factory)


@pytest.fixture(scope="package")
def text_run(tmp_path_factory):
    return tiny_run("bert", tmp_path_factory)


@pytest.fixture(scope="package")
def language_run(tmp_path_factory):
    return tiny_run("gpt", tmp_path_factory)


@pytest.fixture(scope="package")
def picture_run(tmp_path_factory):
    return tiny_run("colorization", tmp_path_factory)


@pytest.fixture(scope="package")
def inpainting_run(tmp_path_factory):
    return tiny_run("inpainting", tmp_path_factory)
