"""From the command to the loss: what is built, and which files a batch passes."""

import functools

from mmssl.cli import main
from mmssl.pipelines.pipeline import Pipeline
from mmssl.runs import Run
from mmssl.training.loop import pretrain
from tests.contract.cases import CASES, build_case
from tests.training.way_of_a_batch import files_of_a_step

MOST = 18  # of vision/simclr
TINY = [*CASES["simclr"].tiny, "--fit.steps=2", "--fit.monitor_examples=0"]


def count_built(monkeypatch):
    """Returns a list that grows by one entry a pipeline that is built."""
    built, init = [], Pipeline.__init__

    @functools.wraps(init)
    def counted(self, *args, **kwargs):
        built.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Pipeline, "__init__", counted)
    return built


def test_the_command_builds_its_pipeline_once_for_training_and_what_follows(tmp_path, monkeypatch):
    built = count_built(monkeypatch)
    main(["pretrain", "vision/simclr", "--quiet", "--out", str(tmp_path / "run"), *TINY])
    assert len(built) == 1


def test_a_finished_run_comes_with_the_pipeline_that_the_recipe_was_checked_against(
    tmp_path, monkeypatch
):
    run = pretrain("vision/simclr", tmp_path / "run", TINY, quiet=True)
    built = count_built(monkeypatch)
    again = pretrain("vision/simclr", tmp_path / "run", TINY, quiet=True)
    assert [again.data] == built
    assert again.config == run.config
    assert Run.load(tmp_path / "run").data not in [run.data, again.data]
    assert len(built) == 2


def test_a_batch_of_simclr_passes_few_files():
    files = files_of_a_step(*build_case(CASES["simclr"].config()))
    assert {"pipelines/views.py", "mmssl/methods/simclr.py", "mmssl/losses/nt_xent.py"} <= {*files}
    assert len(files) <= MOST, files
