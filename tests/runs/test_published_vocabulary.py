"""Runs with a published vocabulary: they keep it, and go on without the file."""

import pytest

from mmssl.runs import Run
from mmssl.runs.recipe import read_recipe
from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases
from tests.published import SIZE, WRITERS

TEXT = "The test of a list"


def arguments(method, path):
    case = all_cases()[method]
    tiny = [key for key in case.tiny if not key.startswith("--data.vocabulary_size")]
    fixed = ("--fit.steps=2", "--fit.monitor_examples=0", f"--data.vocabulary={path}")
    return case.recipe, [*tiny, *fixed]


def test_a_run_goes_on_without_the_file_it_was_given(tmp_path):
    path, reference = WRITERS["byte_pairs"](tmp_path)
    recipe, overrides = arguments("bert", path)
    run = pretrain(recipe, tmp_path / "run", overrides, quiet=True)
    rows = run.encoder.get_layer("token_embedding").input_dim
    assert rows == len(run.data.tokenizer) == SIZE + 2  # [PAD] and [MASK]
    assert run.config["data"]["init_args"]["vocabulary_size"] == rows
    kept = (tmp_path / "run" / "checksums.json").read_text()
    assert all(file in kept for file in ("tokenizer_config.json", *run.data.tokenizer._files))

    path.write_bytes(b"something else")
    opened = Run.load(tmp_path / "run")
    ids = opened.data.encode([TEXT])["token_ids"].numpy()[0].tolist()
    special = opened.data.tokenizer.specials
    assert ids == [special.cls, *reference(TEXT), special.sep]
    opened.method()

    path.unlink()
    again = pretrain(recipe, tmp_path / "run", overrides, quiet=True)
    assert again.config == run.config


def test_a_size_that_is_not_the_vocabularys_is_refused(tmp_path):
    path, _ = WRITERS["uncased"](tmp_path)
    recipe, overrides = arguments("bert", path)
    with pytest.raises(ValueError, match=f"vocabulary_size is 500, but .* has {SIZE}: leave it"):
        read_recipe(recipe, [*overrides, "--data.vocabulary_size=500"])


def test_a_missing_vocabulary_is_named_before_there_is_a_run(tmp_path):
    recipe, overrides = arguments("bert", tmp_path / "gone.txt")
    with pytest.raises(ValueError, match=r"gone.txt does not exist"):
        pretrain(recipe, tmp_path / "run", overrides, quiet=True)
    assert not (tmp_path / "run").exists()
