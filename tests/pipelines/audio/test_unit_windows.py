"""Units: which frame of which clip lies in the middle of each frame of a window."""

import librosa
import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.audio import UnitWindows
from mmssl.pipelines.audio.framing import Framing
from mmssl.pipelines.audio.recordings import Whole
from mmssl.pipelines.audio.unit_windows import units_at
from mmssl.pipelines.audio.units.clustering import learned, nearest
from mmssl.pipelines.audio.units.frames import FrameFeatures
from mmssl.pipelines.audio.units.mfcc import MfccFrames
from mmssl.pipelines.audio.units.stored import UNITS_FILE, Units
from tests.tolerances import NETWORK, assert_close

OWN = Framing.of_convolutions((10, 3, 3, 3, 3, 2), (5, 2, 2, 2, 2, 2))
CONVOLUTIONS = {"kernel_sizes": (10, 3), "strides": (5, 2)}  # a frame sees 20 samples, every 10


class Levels(FrameFeatures):
    """The mean and the number of the recording of 20 samples each, every 10."""

    framing, description = Framing(10, 20), "levels"

    def __init__(self, backwards=False):
        self.backwards, self.reads = backwards, 0

    def of(self, data, source):
        self.reads += 1
        order = range(len(source))
        for index in reversed(order) if self.backwards else order:
            wave = source.read(tf.constant(index, tf.int64)).numpy()
            count = self.framing.count(len(wave))
            means = [wave[10 * i : 10 * i + 20].mean() for i in range(count)]
            yield index, np.array([[mean, index] for mean in means], np.float32).reshape(-1, 2)


def stairs(*lengths):
    """Clips whose level rises by 1 every ten samples."""
    return [np.arange(n, dtype="float32") // 10 + 100 * i for i, n in enumerate(lengths)]


def windows(clips, **options):
    given = {"span": 3, "window": 100, "batch_size": 2, "run_clusters": 8, **options}
    return UnitWindows(clips, targets="runs/one", **CONVOLUTIONS, **given)


def placed(middles, framing, offsets, clips=(0,), starts=(0,), sizes=(10**6,)):
    arrays = [tf.constant(x, tf.int64) for x in (middles, clips, starts, sizes)]
    return units_at(*arrays, framing, tf.constant(offsets, tf.int64)).numpy().tolist()


def test_the_convolutions_of_the_recipes_have_a_frame_of_240_samples_every_160():
    assert Framing(160, 240) == OWN
    assert Framing.of_convolutions((10, 3, 3, 3, 3, 2, 2), (5, *6 * (2,))) == Framing(320, 400)
    counts = Framing(320, 400).count(np.array([399, 400, 16000, 32000, 250000, 320000]))
    assert counts.tolist() == [0, 1, 49, 99, 781, 999]


@pytest.mark.parametrize(("rate", "framing"), [(1, OWN), (2, Framing(80, 200))])
def test_a_frame_has_the_unit_of_its_own_time_at_either_rate(rate, framing):
    middles = 160 * np.arange(10) + 120
    found = placed(middles, framing, [0, 10 * rate])
    assert found == (rate * np.arange(10)).tolist()


def test_a_crop_has_the_units_of_where_it_begins():
    middles = 160 * np.arange(10) + 120
    found = placed(middles, OWN, [0, 99], starts=(480,), sizes=(1680,))
    assert found == list(range(3, 13))


def test_what_is_joined_has_the_units_of_each_clip_and_none_where_a_clip_has_no_frame():
    # Two clips of 60 samples have 5 frames each, every 10; the third is the first again.
    middles = 10 * np.arange(13) + 10
    found = placed(middles, Framing(10, 20), [0, 5, 10], (1, 0, 1), (0, 0, 0), (60, 60, 60))
    assert found == [5, 6, 7, 8, 9, -1, 0, 1, 2, 3, 4, -1, 5]


def test_padding_and_what_lies_behind_the_labels_has_no_unit():
    assert placed([10, 50, 70, 200], Framing(10, 20), [0, 5], sizes=(60,)) == [0, 4, -1, -1]


def test_batches_hold_the_cluster_of_each_frame():
    data = windows(stairs(400, 90, 250))
    data.features = Levels()
    batch = {name: x.numpy() for name, x in next(iter(data.batches())).items()}
    assert (batch["units"].shape, batch["units"].dtype.name) == ((2, 9), "int32")
    heights = batch["waveform"].reshape(2, 10, 10).mean(-1)
    for units, levels in zip(batch["units"], heights, strict=True):
        means = (levels[:-1] + levels[1:]) / 2
        whole = (units >= 0) & (np.diff(levels) < 2)  # not where two clips meet
        rows = np.stack([means, np.floor(levels[:-1] / 100)], axis=1).astype("float32")
        apart = np.abs(rows - data.units.centers[units])[whole]
        assert apart[:, 0].max() < 20
        np.testing.assert_array_equal(units[whole], nearest(rows, data.units.centers)[whole])


def test_units_do_not_depend_on_the_order_in_which_clips_are_read():
    data = windows(stairs(400, 90, 250))
    data.features = Levels()
    data.prepare()
    lengths, given = data.shapes[:, 0], (data, data.items)
    one, two = (learned(Levels(back), *given, lengths, 5) for back in (False, True))
    np.testing.assert_array_equal(one.centers, two.centers)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert set(one.labels) == set(range(5))


def test_a_run_goes_on_with_the_units_that_it_has_kept(tmp_path):
    first, clips = windows(stairs(400, 90, 250)), stairs(400, 90, 250)
    first.features = Levels()
    first.prepare(tmp_path)
    again = windows(clips)  # without anything to learn from
    again.prepare(tmp_path)
    for name in ("centers", "labels", "offsets"):
        np.testing.assert_array_equal(getattr(first.units, name), getattr(again.units, name))
    with np.load(tmp_path / UNITS_FILE, allow_pickle=False) as file:
        assert sorted(file) == ["centers", "framing", "labels", "offsets"]
    other = windows(clips)
    other.restore(tmp_path)
    np.testing.assert_array_equal(other.units.centers, first.units.centers)


def test_clips_that_have_changed_are_labeled_with_the_same_centers(tmp_path):
    first = windows(stairs(400, 90, 250))
    first.features = Levels()
    first.prepare(tmp_path)
    more = windows(stairs(400, 90, 250, 130))
    more.features = Levels()
    more.prepare(tmp_path, data_changed="accept")
    np.testing.assert_array_equal(more.units.centers, first.units.centers)
    assert len(more.units.offsets) == 5
    np.testing.assert_array_equal(more.units.labels[: len(first.units.labels)], first.units.labels)


def test_a_damaged_file_of_units_is_named(tmp_path):
    (tmp_path / UNITS_FILE).write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ValueError, match=r"units\.npz is damaged"):
        Units.read(tmp_path)
    assert Units.read(tmp_path / "none") is None


def test_mfccs_are_librosas_and_parts_join():
    wave = np.random.default_rng(0).normal(0, 0.1, 4000).astype("float32")
    mfcc = MfccFrames(8000)
    assert mfcc.framing == Framing(80, 200)
    whole, parts = mfcc.of_recording(Whole(wave)), mfcc.of_recording(Whole(wave), samples=900)
    assert whole.shape == (mfcc.framing.count(4000), 39)
    expected = librosa.feature.mfcc(
        y=wave, sr=8000, n_mfcc=13, n_fft=200, hop_length=80, n_mels=40, center=False
    )
    # librosa cuts what is 80 dB below the loudest of the part.
    assert_close(parts[:, 0], whole[:, 0], NETWORK)
    assert_close(whole[:, :13], expected.T, NETWORK)
    assert mfcc.of_recording(Whole(wave[:150])).shape == (0, 39)
    assert mfcc.of_recording(Whole(wave[:250])).shape == (1, 39)


def test_what_cannot_be_clustered_is_refused():
    with pytest.raises(ValueError, match="clusters=1"):
        windows(stairs(200), clusters=1)
    data = windows(stairs(110), run_clusters=50)
    data.features = Levels()
    with pytest.raises(ValueError, match="clusters=50 is more than there are frames, 10"):
        data.prepare()
    with pytest.raises(ValueError, match="targets='runs/one' is a run"):
        windows(stairs(200)).prepare()


def test_the_method_is_told_the_number_of_units():
    assert windows(stairs(200)).method_arguments()["clusters"] == 8
    mfcc = UnitWindows(stairs(200), clusters=7, window=100, **CONVOLUTIONS, span=3)
    assert mfcc.method_arguments()["clusters"] == 7
