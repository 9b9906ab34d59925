"""What follows a training: measured where it can be, and the report in any case."""

import numpy as np
import pytest
import soundfile

from mmssl.evaluation.probes.results import read_results
from mmssl.evaluation.whitening.of_run import whiten_run
from mmssl.methods.cpc import CPC
from mmssl.pipelines import readable
from mmssl.runs import Run
from mmssl.training.finish import finish
from mmssl.training.pretraining import pretrain
from tests.training.test_run import TINY


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run over twelve sounds that a table gives the class `pitch`, and bad and good splits."""
    folder = tmp_path_factory.mktemp("finish")
    rng = np.random.default_rng(0)
    rows = ["file\tpitch\tone\tall\tfold"]
    for i in range(12):
        tone = np.sin(np.arange(4000) * (0.1 + 0.2 * (i % 2)))
        soundfile.write(folder / f"{i:02}.wav", tone * 0.3 + rng.normal(0, 0.01, 4000), 8000)
        rows.append(f"{i:02}.wav\t{['low', 'high'][i % 2]}\tsame\ttrain\t{i % 3}")
    (folder / "labels.tsv").write_text("\n".join(rows) + "\n")
    overrides = [*TINY, f"--data.source={folder}", "--data.batch_size=2", "--fit.steps=1"]
    return pretrain("audio/cpc", folder / "run", overrides, quiet=True).folder


@pytest.fixture
def labeled(trained):
    """Opens the run as if its recipe had named these columns."""

    def opened(**columns):
        (trained / "report.html").unlink(missing_ok=True)
        (trained / "metrics.json").unlink(missing_ok=True)
        run = Run.load(trained)
        run.config["data"]["init_args"] |= {"labels": str(trained.parent / "labels.tsv"), **columns}
        return run

    opened.folder = trained.parent
    return opened


def test_labels_without_a_test_split_are_probed_by_a_drawn_one(labeled):
    run = labeled(label_column="pitch", split_column="all")
    [result] = finish(run, quiet=True)
    assert result["split"] == "random: a fifth of each class of the split train to test, seed 0"
    assert (result["n_train"], result["n_test"]) == (10, 2)
    assert "Nearest neighbors" in run.files.report.read_text()


def test_the_run_is_whitened_before_it_is_probed(labeled, capsys):
    (labeled.folder / "run" / "whitening.npz").unlink(missing_ok=True)
    run = labeled(label_column="pitch")
    run.config["probe"]["whiten"] = "pca"
    [result] = finish(run)
    assert run.files.whitening.exists()
    assert result["whitening"]["used"]
    assert result["whitening"]["why"] == "probe.whiten is pca"
    assert set(result["whitened"]) == {"encoder", "untrained", "raw"}
    assert "encoder, whitened" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"label_column": "pitch", "split_column": "fold"}, "The split column holds '0', '1', '2'"),
        ({"label_column": "one"}, "A probe needs two classes or more"),
    ],
)
def test_what_cannot_be_probed_is_told_and_the_report_is_written(labeled, capsys, columns, reason):
    run = labeled(**columns)
    assert finish(run) == []
    assert f"not measured: {reason}" in capsys.readouterr().out
    assert run.files.report.exists()


def test_what_is_left_out_is_not_named_a_second_time(labeled, caplog):
    (labeled.folder / "notes.m4a").write_bytes(b"not audio")
    run = labeled(label_column="pitch")
    try:
        run.data.open(run.data.source)
        assert "m4a" in caplog.text
        caplog.clear()
        finish(run, quiet=True)
        assert "m4a" not in caplog.text
    finally:
        (labeled.folder / "notes.m4a").unlink()


def test_data_that_are_gone_do_not_cost_the_report(labeled, capsys):
    run = labeled(source="nowhere")
    run.files.whitening.unlink(missing_ok=True)
    finish(run)
    said = capsys.readouterr().out
    for what in ("not whitened", "not measured"):
        assert f"{what}: the source nowhere does not exist" in said
    assert "Details" in run.files.report.read_text()


def test_the_data_are_opened_once_and_named_for_later(labeled, monkeypatch):
    run = labeled(label_column="pitch")
    whiten_run(run)  # which reads the data of a run that was opened anew
    scans, scan = [], readable.scan
    monkeypatch.setattr(readable, "scan", lambda *args: scans.append(args[0]) or scan(*args))
    [result] = finish(run, quiet=True)
    assert [len(source) for source in scans] == [12]
    named = {"source": str(run.folder.parent), "label_column": "pitch", "split_column": None}
    assert result["data"].items() >= named.items()
    assert read_results(run.files.metrics)[0]["data"] == result["data"]


@pytest.fixture
def counting(monkeypatch):
    """Lets CPC measure how many items it is given."""
    monkeypatch.setattr(CPC, "validate", lambda self, data: {"items": len(data.source)})


def test_held_out_data_are_measured_without_labels(labeled, counting):
    run = labeled(labels=None, validation=f"{labeled.folder}/0[0-4].wav")
    [result] = finish(run, quiet=True)
    assert (result["items"], result["n_test"]) == (5, 5)
    assert "encoder" not in result
    assert result["data"]["source"].endswith("0[0-4].wav")
    assert read_results(run.files.metrics) == [result]
    assert "5.0000" in run.files.report.read_text()


def test_labels_of_held_out_data_are_not_probed(labeled, counting):
    table = labeled.folder / "held_out.tsv"
    table.write_text("file\tlabel\n" + "".join(f"0{i}.wav\t{i % 2}\n" for i in range(6)))
    [result] = finish(labeled(labels=None, validation=str(table)), quiet=True)
    assert (result["items"], result["n_test"]) == (6, 6)
    assert "encoder" not in result


def test_held_out_data_and_labels_are_both_measured(labeled, counting):
    run = labeled(label_column="pitch", validation=f"{labeled.folder}/00.wav")
    own, probe = finish(run, quiet=True)
    assert own["items"] == 1
    assert probe["encoder"]["linear"] >= 0
    assert read_results(run.files.metrics) == [own, probe]


def test_a_method_without_figures_is_told_of_and_the_probe_is_run(labeled, capsys):
    run = labeled(label_column="pitch", validation=f"{labeled.folder}/00.wav")
    [result] = finish(run)
    assert "not measured: " in capsys.readouterr().out
    assert "encoder" in result


def test_held_out_data_that_are_missing_are_refused_before_training(tmp_path):
    with pytest.raises(ValueError, match="the source nowhere does not exist"):
        pretrain("audio/cpc", tmp_path, [*TINY, "--fit.steps=1", "--data.validation=nowhere"], True)
    assert not (tmp_path / "untrained.keras").exists()
