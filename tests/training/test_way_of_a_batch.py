"""From the command to the loss: what is built, and which files a batch passes."""

import functools

from mmssl.cli import main
from mmssl.pipelines.pipeline import Pipeline
from mmssl.runs import Run
from mmssl.training.pretraining import pretrain
from tests.contract.building import built, prepared
from tests.contract.cases import all_cases
from tests.training.way_of_a_batch import files_of_a_step

MOST = 12  # of vision/simclr
CASE = all_cases()["simclr"]
TINY = [*CASE.tiny, "--fit.steps=2", "--fit.monitor_examples=0"]


def counted_pipelines(monkeypatch):
    """Returns a list that grows by one entry a pipeline that is built."""
    pipelines, init = [], Pipeline.__init__

    @functools.wraps(init)
    def counted(self, *args, **kwargs):
        pipelines.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Pipeline, "__init__", counted)
    return pipelines


def test_the_command_builds_its_pipeline_once_for_training_and_what_follows(tmp_path, monkeypatch):
    pipelines = counted_pipelines(monkeypatch)
    main(["pretrain", "vision/simclr", "--quiet", "--out", str(tmp_path / "run"), *TINY])
    assert len(pipelines) == 1


def test_a_finished_run_comes_with_the_pipeline_that_the_recipe_was_checked_against(
    tmp_path, monkeypatch
):
    run = pretrain("vision/simclr", tmp_path / "run", TINY, quiet=True)
    pipelines = counted_pipelines(monkeypatch)
    again = pretrain("vision/simclr", tmp_path / "run", TINY, quiet=True)
    assert [again.data] == pipelines
    assert again.config == run.config
    assert Run.load(tmp_path / "run").data not in [run.data, again.data]
    assert len(pipelines) == 2


def test_a_batch_of_simclr_passes_few_files():
    config = CASE.config()
    data = prepared(config["data"])
    batches = list(data.batches().take(1).as_numpy_iterator())
    files = files_of_a_step(data, built(config, batches))
    assert {"pipelines/images/views.py", "mmssl/methods/simclr.py", "mmssl/losses/nt_xent.py"} <= {
        *files
    }
    assert len(files) <= MOST, files
