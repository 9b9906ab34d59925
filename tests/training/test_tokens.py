"""A run that learns from the codes of another run, and then stands by itself."""

import shutil

import numpy as np
import pytest
import yaml

from mmssl.evaluation import LabeledData, evaluate, write_report
from mmssl.runs import Run
from mmssl.runs.coders import open_coder, open_coders
from mmssl.training.pretraining import pretrain

TRUST = ["tests.training.code_method"]
RECIPE = {
    "data": {
        "class_path": "mmssl.pipelines.codes.Codes",
        "init_args": {"source": "builtin:photos", "batch_size": 8},
    },
    "method": {
        "class_path": "tests.training.code_method.Shrinking",
        "init_args": {"encoder": {"class_path": "tests.training.code_method.code_encoder"}},
    },
    "fit": {"steps": 2, "monitor_examples": 0},
}


@pytest.fixture(scope="module")
def stages(tokenizer_run, tmp_path_factory):
    """The folders of a tokenizer, and of a run that learned from its codes."""
    place = tmp_path_factory.mktemp("stages")
    first = shutil.copytree(tokenizer_run.folder, place / "first")
    (place / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    overrides = [f"--data.tokens={first}"]
    pretrain(place / "recipe.yaml", place / "second", overrides, quiet=True, trust=TRUST)
    return first, place / "second"


def test_sizes_follow_the_tokenizer(stages):
    config = Run.load(stages[1], TRUST).config
    assert config["method"]["init_args"]["entries"] == 8
    encoder = config["method"]["init_args"]["encoder"]["init_args"]
    assert encoder == {"entries": 8, "code_shape": [2, 2]}


def test_it_is_evaluated_on_what_the_tokenizer_reads(stages, tokenizer_run):
    run = Run.load(stages[1], TRUST)
    source = run.data.open("builtin:photos")
    [found] = run.data.examples(source, batch_size=len(source)).as_numpy_iterator()
    encode, _ = open_coders(stages[0])
    pictures = tokenizer_run.data.examples("builtin:photos", batch_size=len(source))
    np.testing.assert_array_equal(found["codes"], encode(next(iter(pictures)))["codes"])
    labels = ["a", "b"] * (len(source) // 2) + ["a"] * (len(source) % 2)
    result = evaluate(run, LabeledData("builtin:photos", labels=labels))
    assert 0 <= result["encoder"]["linear"] <= 1
    assert result["raw_features"] == "how often each of 8 codes occurs"
    write_report(run, LabeledData("builtin:photos"))
    assert 'class="row images"' in (run.folder / "report.html").read_text()


def test_it_decodes_and_goes_on_without_the_tokenizer(stages, tmp_path):
    first, second = stages
    _, whole = open_coders(first)
    moved = first.rename(tmp_path / "moved")
    try:
        codes = {"codes": np.arange(8).reshape(2, 2, 2)}
        decode = open_coder(second)
        np.testing.assert_array_equal(decode(codes)["outputs"], whole(codes)["outputs"])
        assert Run.load(second, TRUST).method().entries == 8
        with pytest.raises(ValueError, match=r"has no codes.json: only a finished run"):
            Run.load(second, TRUST).data.open("builtin:photos")
    finally:
        moved.rename(first)
