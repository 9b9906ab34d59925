import numpy as np
import pytest

from mmssl.evaluation import LabeledData
from mmssl.evaluation.probes.splits import split_source
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import Source


def source(labels=None, splits=None, count=10):
    return Source(
        names=[f"item {i}" for i in range(count)],
        read=lambda index: index,
        labels=None if labels is None else np.array(labels),
        splits=None if splits is None else np.array(splits),
    )


def test_the_sources_own_splits_are_taken():
    given = source(["a", "b"] * 5, ["train"] * 6 + ["test"] * 3 + ["val"])
    split = split_source(given)
    assert [len(part) for part in (split.train, split.test, split.val)] == [6, 3, 1]
    assert "own" in split.description


def test_without_splits_a_fifth_of_each_class_is_drawn():
    split = split_source(source(["a"] * 5 + ["b"] * 5), seed=7)
    assert sorted(split.test.labels) == ["a", "b"]
    assert len(split.train) == 8
    assert split.val is None
    assert "seed 7" in split.description
    assert split.test.names == split_source(source(["a"] * 5 + ["b"] * 5), seed=7).test.names


@pytest.mark.parametrize("name", ["val", "dev", "valid", "validation"])
def test_without_a_test_split_the_validation_split_is_the_test(name):
    given = source(["a", "b"] * 7, ["train"] * 10 + [name] * 4, count=14)
    split = split_source(given)
    assert [len(part) for part in (split.train, split.test)] == [10, 4]
    assert split.val is None
    assert "val as the test" in split.description


@pytest.mark.parametrize("name", ["dev", "valid", "validation"])
def test_validation_items_are_known_by_their_other_names(name):
    split = split_source(source(["a", "b"] * 5, ["train"] * 6 + ["test"] * 3 + [name]))
    assert [len(part) for part in (split.train, split.test, split.val)] == [6, 3, 1]


def test_with_a_split_train_alone_a_fifth_of_it_is_drawn():
    split = split_source(source(["a", "b"] * 5, ["train"] * 10))
    assert [len(part) for part in (split.train, split.test)] == [8, 2]
    assert "of the split train" in split.description


def test_splits_of_other_names_are_refused():
    with pytest.raises(ValueError, match="holds 'fold 1', 'train': a probe needs"):
        split_source(source(["a", "b"] * 5, ["train"] * 5 + ["fold 1"] * 5))


def test_train_without_test_is_refused():
    with pytest.raises(ValueError, match="train and test together"):
        LabeledData(train="folder")


def test_a_request_without_a_source_is_for_the_runs_own_data(pictures):
    data = ImageCrops(pictures[0], size=8, labels=pictures[1].tolist())
    wanted = LabeledData().or_own(data)
    assert wanted.source is data.source
    assert wanted.labels == pictures[1].tolist()
    other = LabeledData(source="builtin:photos")
    assert other.or_own(data) is other


def test_a_source_in_place_of_a_request_is_refused(pictures):
    assert LabeledData.of(None).is_empty()
    with pytest.raises(ValueError, match="data is a ndarray; it must be a LabeledData"):
        LabeledData.of(pictures[0])


def test_separate_sources_of_train_and_test_are_opened(pictures):
    data = ImageCrops(pictures[0], size=8)
    train, test = source(["a", "b"] * 5), source(["a"] * 3, count=3)
    shown, split = LabeledData(train=train, test=test).open(data)
    assert shown is split.test
    assert (len(split.train), len(split.test)) == (10, 3)


def test_an_unlabeled_test_source_is_refused(pictures):
    wanted = LabeledData(train=source(["a", "b"] * 5), test=source())
    with pytest.raises(ValueError, match="has no labels"):
        wanted.open(ImageCrops(pictures[0], size=8))


def test_a_request_is_described_in_plain_values(pictures):
    described = LabeledData(source=pictures[0], label_column="digit").describe()
    assert described["source"] == "100 items in memory"
    assert described["label_column"] == "digit"
    assert described["train"] is None


def test_an_opened_source_is_described_by_what_it_was_opened_from(tmp_path, pictures):
    np.savez(tmp_path / "digits.npz", x=pictures[0], y=pictures[1])
    opened = ImageCrops("builtin:photos", size=8).open(
        tmp_path / "digits.npz", label_column="label"
    )
    described = LabeledData(source=opened).describe()
    assert described["source"] == str(tmp_path / "digits.npz")
    assert described["label_column"] == "label"
    part = LabeledData(source=opened.select(range(7)), split_column="part").describe()
    assert (part["source"], part["split_column"]) == ("7 items in memory", "part")
