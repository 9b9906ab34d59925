"""Spans of hidden frames: how many, where, and never all."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.audio import MaskedWindows
from mmssl.pipelines.audio.span_masked import equalize_masks
from mmssl.pipelines.masks.spans import span_mask
from tests.tolerances import mean_margin

KERNELS, STRIDES = (10, 3, 3), (5, 2, 2)  # a frame sees 40 samples, the next begins 20 later


def draw(inside, rows, frames=None, seed=0, **kwargs):
    """Masks (rows, frames) of recordings with `inside` frames."""
    frames = frames or inside
    kept = tf.cast(tf.range(frames) < inside, tf.int32)
    kwargs = {"mask_ratio": 0.65, "span": 10, **kwargs}
    rows = tf.data.Dataset.range(rows)
    keyed = rows.map(
        lambda n: span_mask(kept, tf.stack([tf.constant(seed, tf.int64), n]), **kwargs)
    )
    return np.stack(list(keyed.as_numpy_iterator()))


def spans(row):
    """First and last place of each run of hidden frames."""
    edges = np.flatnonzero(np.diff(np.pad(row.astype(int), 1)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def drawn_by_numpy(inside, rows, share, span):
    """The same by a loop over rows, with NumPy's own draws."""
    rng = np.random.default_rng(0)
    masks = np.zeros((rows, inside), bool)
    for row in masks:
        count = max(1, int(share * inside / span + rng.random()))
        for start in rng.choice(inside - span + 1, count, replace=False):
            row[start : start + span] = True
    return masks


def assert_same_mean(one, other):
    margin = mean_margin(np.hypot(np.std(one), np.std(other)), len(other))
    assert np.mean(one) == pytest.approx(np.mean(other), abs=margin)


def test_about_49_percent_are_hidden_as_by_a_transcription_in_numpy():
    masks, oracle = draw(800, 200), drawn_by_numpy(800, 200, 0.65, 10)
    assert masks.mean() == pytest.approx(0.49, abs=0.01)
    assert_same_mean(masks.mean(axis=1), oracle.mean(axis=1))
    lengths = [[b - a + 1 for row in m for a, b in spans(row)] for m in (masks, oracle)]
    assert_same_mean(*lengths)
    assert np.mean(lengths[0]) == pytest.approx(14.7, abs=0.7)
    assert_same_mean(*([len(spans(row)) for row in m] for m in (masks, oracle)))


def test_every_run_has_a_whole_span_and_every_place_its_turn():
    masks = draw(60, 1000, mask_ratio=0.3)
    assert min(b - a + 1 for row in masks for a, b in spans(row)) == 10
    starts = {a for row in masks for a, _ in spans(row)}
    assert starts == set(range(51))


@pytest.mark.parametrize("inside", [2, 5, 10, 11, 20, 25])
def test_something_is_hidden_and_something_seen_however_short_the_recording(inside):
    masks = draw(inside, 200, frames=40, mask_ratio=1.0, min_masks=2)
    hidden = masks.sum(axis=1)
    assert hidden.min() >= min(10, inside - 1)
    assert hidden.max() < inside
    assert not masks[:, inside:].any()


def test_a_single_frame_is_not_hidden():
    assert not draw(1, 20, frames=30).any()
    assert not draw(0, 20, frames=30).any()


def test_at_least_as_many_spans_as_asked_for_are_drawn():
    assert set(draw(800, 50, mask_ratio=1e-6).sum(axis=1)) == {10}
    many = draw(800, 50, mask_ratio=1e-6, min_masks=3).sum(axis=1)
    assert many.max() == 30
    assert many.min() > 10


def test_rows_are_thinned_out_to_the_one_that_hides_fewest():
    rng = np.random.default_rng(0)
    mask = (rng.random((6, 50)) < 0.5).astype("int32")
    order = rng.random((6, 50)).astype("float32")
    batch = equalize_masks({"mask": tf.constant(mask), "order": tf.constant(order), "other": 1})
    assert sorted(batch) == ["mask", "other"]
    thinned, least = batch["mask"].numpy(), mask.sum(axis=1).min()
    assert set(thinned.sum(axis=1)) == {least}
    for row, (before, after) in enumerate(zip(mask, thinned, strict=True)):
        places = np.flatnonzero(before)
        assert set(np.flatnonzero(after)) == set(places[np.argsort(order[row, places])[:least]])


def windows(lengths=(8000,), window=2000, **kwargs):
    clips = [
        np.random.default_rng(i).normal(0, 0.1, n).astype("float32") for i, n in enumerate(lengths)
    ]
    convolutions = {"kernel_sizes": KERNELS, "strides": STRIDES}
    return MaskedWindows(clips, span=5, window=window, batch_size=4, **convolutions, **kwargs)


def first_batch(pipeline, **kwargs):
    return {n: x.numpy() for n, x in next(iter(pipeline.batches(**kwargs))).items()}


def test_batches_have_a_mask_over_the_frames_of_the_convolutions():
    pipeline = windows(equal_rows=True)
    spec = pipeline.batches().element_spec
    assert (spec["mask"].shape, spec["mask"].dtype.name) == ((4, 99), "int32")
    assert sorted(spec) == ["mask", "padding_mask", "waveform"]
    assert len(set(first_batch(pipeline)["mask"].sum(axis=1))) == 1
    uneven = windows()
    assert len(set(first_batch(uneven)["mask"].sum(axis=1))) > 1
    np.testing.assert_array_equal(
        first_batch(pipeline)["waveform"], first_batch(uneven)["waveform"]
    )
    shared = {"kernel_sizes": KERNELS, "strides": STRIDES}
    assert shared.items() <= pipeline.encoder_arguments().items()


def test_batches_hide_whole_spans():
    masks = [first_batch(windows(), seed=seed)["mask"] for seed in range(20)]
    edges = np.diff(np.pad(np.concatenate(masks), ((0, 0), (1, 1))))
    starts, ends = np.where(edges > 0)[1], np.where(edges < 0)[1]
    assert (ends - starts).min() >= 5
    assert abs(np.mean(masks) - 0.51) < 0.02


def test_frames_that_reach_into_padding_are_never_hidden():
    batch = first_batch(windows([2000, 500, 39, 60], short="pad", mask_ratio=1.0))
    sound = batch["padding_mask"].sum(axis=1)
    inside = np.maximum(0, (sound - 40) // 20 + 1)
    assert sorted(inside) == [0, 2, 24, 99]
    for mask, count in zip(batch["mask"], inside, strict=True):
        assert not mask[count:].any()
        assert mask.sum() < max(count, 1)


def test_masks_depend_on_seed_and_element_alone():
    pipeline = windows([4000] * 3)
    later = first_batch(pipeline, start_step=2)["mask"]
    third = list(pipeline.batches().take(3).as_numpy_iterator())[2]["mask"]
    np.testing.assert_array_equal(later, third)
    np.testing.assert_array_equal(
        third, first_batch(windows([4000] * 3, num_parallel_calls=1), start_step=2)["mask"]
    )
    assert (first_batch(pipeline, start_step=2, seed=1)["mask"] != third).any()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"window": 60}, "a span of 5 would mask all.*: raise window"),
        ({"mask_ratio": 0.0}, "mask_ratio=0.0"),
        ({"min_masks": 0}, "min_masks=0"),
    ],
)
def test_arguments_out_of_range_are_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        windows(**given)
    with pytest.raises(ValueError, match="must have the same length"):
        MaskedWindows(kernel_sizes=(3,), strides=(1, 2))
