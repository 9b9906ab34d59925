import numpy as np
import pytest

from mmssl.evaluation.probes import baselines
from mmssl.evaluation.probes.baselines import mfcc_statistics, raw_baseline, text_baseline
from mmssl.evaluation.probes.knn import knn_predict
from mmssl.evaluation.probes.linear import fit_linear
from mmssl.evaluation.probes.splits import split_source
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.audio.recordings import Whole
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.tables import TableRows
from mmssl.pipelines.text import SentencePairs
from tests.tolerances import SUM, assert_close, assert_within


def probe(data, source, floor_of=raw_baseline):
    """Accuracies of the linear probe and of kNN on the floor of a labeled source."""
    split = split_source(source)
    floor = floor_of(data, [split.train, split.test])
    labels, truth = split.train.labels, split.test.labels
    layer = fit_linear(floor.parts[0], labels, grid=floor.grid, standardize=floor.standardize)
    neighbors = knn_predict(floor.parts[0], labels, floor.parts[1], 20)
    return np.mean(layer.predict(floor.parts[1]) == truth), np.mean(neighbors == truth)


def test_the_floor_of_pictures_is_at_most_200_components_of_their_pixels():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (60, 48, 40, 3), dtype=np.uint8)
    data = ImageCrops(pictures, size=40)
    source = open_source(pictures, data.extensions)
    seen = []
    train, test = source.select(range(50)), source.select(range(50, 60))
    floor = raw_baseline(data, [train, test], progress=seen.append)
    assert [part.shape for part in floor.parts] == [(50, 50), (10, 50)]
    assert not floor.standardize
    assert seen == [50, 10]
    again = raw_baseline(data, [train, test])
    np.testing.assert_array_equal(floor.parts[1], again.parts[1])


def test_the_floor_of_small_pictures_takes_them_as_they_are(pictures):
    data = ImageCrops(pictures[0], size=8)
    source = open_source(pictures[0], data.extensions, labels=pictures[1].tolist())
    linear, knn = probe(data, source)
    assert linear > 0.9
    assert knn > 0.9


def test_the_floor_of_a_table_is_numbers_gaps_and_one_hot_categories():
    columns = {
        "x": np.array([1.0, 3.0, np.nan, 2.0] * 5),
        "word": np.array(["a", "b", "", "a"] * 5),
    }
    data = TableRows(columns, batch_size=2)
    source = data.open(columns)
    floor = raw_baseline(data, [source, source.select(range(4))])
    deviation = np.std([1, 3, 2])
    expected = [
        [-1 / deviation, 0, 0, 0, 1, 0],
        [1 / deviation, 0, 0, 0, 0, 1],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0],
    ]
    assert_close(floor.parts[1], expected, SUM)
    assert floor.parts[0].shape == (20, 6)
    assert not floor.standardize


def test_the_floor_of_sound_ignores_padding():
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=size).astype("float32") * 0.1 for size in (4000, 800, 100)]
    data = AudioWindows(clips, sample_rate=8000, window=100)
    source = open_source(clips, data.extensions)
    floor = raw_baseline(data, [source, source.select([1, 2])])
    assert floor.parts[0].shape == (3, 40)
    assert_close(floor.parts[0][1:], floor.parts[1], SUM)
    assert np.isfinite(mfcc_statistics(Whole(clips[2]), 8000)).all()


def test_the_floor_of_a_long_recording_is_computed_in_parts(monkeypatch):
    wave = np.random.default_rng(0).normal(0, 0.1, 40_000).astype("float32")
    whole = mfcc_statistics(Whole(wave), 8000)
    monkeypatch.setattr(baselines, "SAMPLES", 10_000)
    # Equal but for the frames at the edges of the parts.
    assert_within(mfcc_statistics(Whole(wave), 8000), whole, 0.02 * np.abs(whole).max())


def test_the_floor_of_text_is_sparse_and_learns_words_from_training_items_alone():
    texts = ["a red apple"] * 8 + ["a blue sky"] * 8 + ["unseen words here"]
    data = SentencePairs(texts, vocabulary_size=100, batch_size=2, next_sentence=False)
    source = open_source(texts, data.extensions)
    floor = raw_baseline(data, [source.select(range(16)), source.select([0, 8, 16])])
    assert floor.parts[0].shape[0] == 16
    assert 10.0 in floor.grid
    assert floor.parts[1][2].nnz == 0
    found = knn_predict(floor.parts[0], ["red"] * 8 + ["blue"] * 8, floor.parts[1][:2], 5)
    assert found.tolist() == ["red", "blue"]


def test_spoken_digits_have_the_floor_that_is_known_of_them(real_data):
    folder = real_data / "audio" / "fsdd"
    data = AudioWindows(folder, sample_rate=8000)
    source = open_source(folder, data.extensions, folder / "labels.tsv", "digit")
    linear, knn = probe(data, source)
    assert linear == pytest.approx(0.953, abs=0.03)
    assert knn == pytest.approx(0.987, abs=0.02)


def test_passages_of_authors_have_the_floor_that_is_known_of_them(real_data):
    table = real_data / "text" / "novels" / "author_passages.tsv"
    data = SentencePairs(table)
    linear, _ = probe(data, open_source(table, data.extensions), text_baseline)
    assert linear == pytest.approx(0.618, abs=0.02)
