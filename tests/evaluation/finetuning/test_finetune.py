import json
import re
from collections import Counter

import keras
import numpy as np
import pytest

from mmssl.deploy.reader import load_exported
from mmssl.deploy.runs import export_classifier
from mmssl.evaluation import LabeledData, finetune
from mmssl.evaluation.probes.results import read_results
from tests.tolerances import ROUNDING, SUM, assert_close

QUICK = {"steps": 30, "batch_size": 8, "learning_rate": 1e-2}


def test_it_is_measured_beside_the_network_from_scratch_and_the_frozen_encoder(run):
    before, seen = run.encoder.get_weights(), []
    result = finetune(
        run,
        labels_per_class=8,
        draws=2,
        from_scratch=True,
        progress=lambda done, total: seen.append((done, total)),
        **QUICK,
    )
    for name in ("fine_tuned", "from_scratch", "linear_probe"):
        assert len(result[name]["draws"]) == 2
        assert_close(
            result[name]["mean"], np.mean(result[name]["draws"]), ROUNDING, dtype="float64"
        )
        assert result["seconds"][name] > 0
    assert result["fine_tuned"]["mean"] > 0.8
    assert (result["n_labels"], result["n_test"], result["classes"]) == (16, 20, 2)
    assert result["labels"] == {"per_class": 8}
    assert seen[-1] == (4 * 30, 4 * 30)
    for one, two in zip(before, run.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    kept = read_results(run.files.metrics, "fine_tuning")
    assert kept == [json.loads(json.dumps(result))]


def test_the_classifier_of_the_first_draw_is_kept_and_deployed(run, pictures):
    result = finetune(run, label_fraction=0.5, draws=2, **QUICK)
    classes = run.files.classes.read_text().split()
    assert classes == ["blue", "red"]
    classifier = keras.models.load_model(run.files.classifier)
    whole = run.data.open(run.data.source, run.data.labels)
    _, split = LabeledData(whole).open(run.data)
    predicted = classifier.predict(run.data.examples(split.test), verbose=0)["probabilities"]
    found = np.array(classes)[predicted.argmax(axis=1)]
    assert np.mean(found == split.test.labels) == result["fine_tuned"]["draws"][0]
    assert list(run.folder.glob(".beside*")) == []
    for form in ("saved_model", "litert"):
        exported = export_classifier(run, form)
        outputs = load_exported(exported.path)({"images": pictures[0][:3] / np.float32(255)})
        assert set(outputs) == {"probabilities", "embedding"}
        assert_close(outputs["probabilities"].sum(axis=1), 1, SUM)


def test_all_labels_are_taken_once(run):
    result = finetune(run, draws=3, **QUICK)
    assert (result["n_labels"], len(result["fine_tuned"]["draws"])) == (80, 1)
    assert "from_scratch" not in result


def test_a_run_without_a_classifier_exports_none(run):
    with pytest.raises(ValueError, match=r"has no classifier\.keras: `mmssl finetune"):
        export_classifier(run, "litert")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"label_fraction": 0.1, "labels_per_class": 3}, "not both"),
        ({"label_fraction": 1.5}, "label_fraction=1.5"),
        ({"labels_per_class": 1}, "labels_per_class=1 must be 2"),
        ({"draws": 0}, "draws=0"),
        ({"steps": 0}, "steps=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
    ],
)
def test_wrong_input_is_refused(run, wrong, said):
    with pytest.raises(ValueError, match=said):
        finetune(run, **wrong)


def test_a_fraction_of_one_label_a_class_is_refused_before_anything_is_embedded(run, monkeypatch):
    monkeypatch.setattr(run.data, "examples", None)
    most = max(Counter(LabeledData().or_own(run.data).open(run.data)[1].train.labels).values())
    said = (
        "label_fraction=0.01 of the 80 training labels is a single one of each class; give "
        f"label_fraction={2 / most:.2g} or labels_per_class=2, or more; `mmssl evaluate RUN "
        "--few-shot 1` measures the encoder with one label of each class."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        finetune(run, label_fraction=0.01, **QUICK)


def test_data_without_labels_are_refused(run):
    with pytest.raises(ValueError, match="100 items in memory has no labels to train on"):
        finetune(run, LabeledData(run.data.source))
