import numpy as np
import pytest

from mmssl.evaluation.collapse import watched
from mmssl.evaluation.collapse.diagnostics import alignment, lidar
from mmssl.evaluation.collapse.monitor import CollapseMonitor
from mmssl.evaluation.collapse.watched import watched_items, watched_views
from mmssl.evaluation.probes.features import embed
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops, ImageViews
from tests.tolerances import SUM, assert_close


@pytest.fixture
def views(pictures):
    return ImageViews(pictures[0], 8, 16, num_small_views=1, small_size=4)


def read(dataset, name="images"):
    return np.concatenate([batch[name].numpy() for batch in dataset])


def test_items_are_spread_over_all_that_are_trained_on(pictures):
    data = ImageCrops(pictures[0], size=8, batch_size=16)
    data.prepare()
    items, every = read(watched_items(data, 12)), read(data.examples(data.items))
    np.testing.assert_array_equal(items, every[::9])


def test_recordings_are_watched_in_windows_as_long_as_those_trained_on():
    clips = [np.arange(n, dtype=np.float32) for n in (4000, 30, 101)]
    data = AudioWindows(clips, window=100, batch_size=2).prepare()
    first, last = watched_items(data, 3)
    assert first["waveform"].shape == (2, 100)
    assert first["padding_mask"].numpy().sum(axis=1).tolist() == [100, 30]
    assert first["waveform"][0, 0] == 1950  # the middle of the recording: it may begin in silence
    assert last["waveform"].shape == (1, 100)


def test_two_views_of_an_item_stand_in_neighboring_rows_the_same_at_each_pass(views):
    rows = watched_views(views.batches(seed=3), ["images"], 20)
    first, second = read(rows), read(rows)
    np.testing.assert_array_equal(first, second)
    batches = list(views.batches(seed=3).take(2))
    for view in (1, 2):
        expected = np.concatenate([batch[f"images_{view}"] for batch in batches])[:20]
        np.testing.assert_array_equal(first[view - 1 :: 2], expected)


def test_data_without_two_views_of_one_size_have_none(pictures, views):
    plain = ImageCrops(pictures[0], size=8, batch_size=16)
    assert watched_views(plain.batches(), ["images"], 8) is None
    assert watched_views(views.batches(), ["images", "padding_mask"], 8) is None


def test_alignment_and_lidar_in_the_log_are_those_of_the_two_views(views, encoder):
    pairs = watched_views(views.batches(), ["images"], 20)
    monitor = CollapseMonitor(watched_items(views, 10), pairs=pairs)
    rows = embed(encoder, pairs)
    monitor.set_model(_Model(encoder))
    monitor.on_train_begin()
    monitor.on_epoch_end(0, logs := {})
    assert_close(logs["alignment"], alignment(rows[::2], rows[1::2]), SUM)
    assert_close(logs["lidar"], lidar(np.stack([rows[::2], rows[1::2]], axis=1)), SUM)
    assert logs["projection_lidar"] == logs["lidar"] > 1
    assert logs["projection_alignment"] == logs["alignment"] > 0


def test_more_items_are_viewed_where_they_are_small(pictures, monkeypatch):
    data = ImageViews(pictures[0], 8, 16)
    views = [watched_views(data.batches(), ["images"], 90)]
    monkeypatch.setattr(watched, "VIEWED_BYTES", 0)
    views.append(watched_views(data.batches(), ["images"], 90))
    assert [len(read(rows)) for rows in views] == [180, 128]


class _Model:
    """Stands for a method that compares the embedding itself."""

    norm_sensitive = False

    def __init__(self, encoder):
        self.encoder = encoder

    def export_encoder(self):
        return self.encoder

    def projection_model(self):
        return self.encoder
