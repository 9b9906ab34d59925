"""Items without a label or a split in probes and fine-tuning."""

import logging

import numpy as np
import pytest

from mmssl.evaluation import LabeledData, evaluate
from mmssl.evaluation.probes.complete import complete
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import open_source

ABSENT = (None, float("nan"), "", np.float64("nan"))


def opened(labels, splits=None, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 255, (len(labels), 8, 8, 3), dtype=np.uint8)
    source = open_source(pixels, (".png",), labels=labels)
    source.splits = None if splits is None else np.array(splits)
    return source


@pytest.mark.parametrize("absent", ABSENT)
def test_an_absent_label_is_no_class(absent):
    labels = ["a", "b"] * 10 + [absent] * 3
    _, split = LabeledData(opened(labels)).open(ImageCrops("builtin:photos", size=8))
    assert set(split.train.labels) | set(split.test.labels) == {"a", "b"}
    assert len(split.train) + len(split.test) == 20
    assert split.left_out == {"label": 3}
    assert split.description.endswith("; left out: 3 items without a label")


def test_an_absent_number_is_no_class():
    labels = np.array([0.0, 1.0] * 10 + [np.nan])
    _, split = LabeledData(opened(labels)).open(ImageCrops("builtin:photos", size=8))
    assert set(split.train.labels) == {"0.0", "1.0"}
    assert split.left_out == {"label": 1}


def test_items_without_a_split_are_left_out_and_named(caplog):
    source = opened(["a", "b", None, "a", None], ["train", "test", "train", "", ""])
    with caplog.at_level(logging.WARNING):
        rest, left_out = complete(source)
    assert rest.names == ["row 0", "row 1"]
    assert left_out == {"label": 2, "split": 1}
    assert caplog.messages == [
        "left out 2 of 5 items, which have no label: row 2, row 4",
        "left out 1 of 5 items, which have no split: row 3",
    ]


def test_a_source_without_any_label_is_refused():
    with pytest.raises(ValueError, match="none of the 3 items can be used: 3 have no label"):
        complete(opened([None, "", None]))


def test_separate_sources_are_counted_together():
    wanted = LabeledData(train=opened(["a", "b", None]), test=opened(["a", None]))
    _, split = wanted.open(ImageCrops("builtin:photos", size=8))
    assert (len(split.train), len(split.test), split.left_out) == (2, 1, {"label": 2})


def test_the_result_of_a_probe_counts_what_was_left_out(run, pictures):
    labels = [None, None, *pictures[1].tolist()[2:]]
    result = evaluate(run, LabeledData(pictures[0], labels=labels), probes=["knn"])
    assert result["left_out"] == {"label": 2}
    assert result["classes"] == 2
