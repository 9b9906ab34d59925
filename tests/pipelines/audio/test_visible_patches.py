"""Audio windows with visible patches of their spectrogram."""

import numpy as np
import pytest

from mmssl.pipelines.audio import AudioWindows, SpectrogramPatches
from tests.pipelines.elements import elements

CLIPS = [np.random.default_rng(n).normal(0, 0.1, 900 + 100 * n).astype("float32") for n in range(4)]
SIZES = {"sample_rate": 8000, "window": 512, "batch_size": 2}
PATCHES = {"num_mel_bins": 16, "hop": 32, "patch_size": 4}


def test_each_window_has_its_own_sets_which_together_are_all_patches():
    found = elements(SpectrogramPatches(CLIPS, num_masks=2, mask_ratio=0.75, **SIZES, **PATCHES))
    assert found["visible"].shape[1:] == (2, 4)
    whole = np.sort(np.concatenate([found["visible"], found["masked"]], axis=-1), axis=-1)
    np.testing.assert_array_equal(whole, np.broadcast_to(np.arange(16), whole.shape))
    sets = found["visible"].reshape(-1, 4)
    assert len(np.unique(sets, axis=0)) > len(sets) / 2
    plain = elements(AudioWindows(CLIPS, **SIZES))
    np.testing.assert_array_equal(found["waveform"], plain["waveform"])


def test_held_out_clips_have_the_same_sets_at_every_call():
    data = SpectrogramPatches(CLIPS, **SIZES, **PATCHES).prepare()
    first, second = (next(data.masked_examples(data.items).as_numpy_iterator()) for _ in range(2))
    assert first["waveform"].shape == (4, 512)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"window": 500}, "window=500 must be a multiple of .* 128 samples"),
        ({"num_mel_bins": 10}, "num_mel_bins=10 must be a multiple of patch_size=4"),
        ({"mask_ratio": 0.99}, "leaves 0 of 16"),
        ({"num_masks": 0}, "num_masks=0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        SpectrogramPatches(CLIPS, **{**SIZES, **PATCHES, **wrong})
