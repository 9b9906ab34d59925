import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import DegradedCrops
from mmssl.pipelines.images.degradation import degradation
from mmssl.pipelines.images.degraded import mirrored_crop, turned
from mmssl.pipelines.parts import Parts
from tests.tolerances import SUM, assert_close, deviation_margin

TASKS = ("denoise_30", "upscale_2", "upscale_3", "derain", "inpaint")
KEY = tf.constant([0, 1], tf.int64)


def data_of(**options):
    return DegradedCrops(
        "builtin:photos", **{"size": 8, "batch_size": 4, "tasks": TASKS, **options}
    )


def degraded(name, clean):
    return np.asarray(degradation(name).apply(tf.constant(clean, tf.float32), KEY))


@pytest.mark.parametrize("sigma", [10, 30])
def test_noise_has_the_deviation_that_the_task_names(sigma):
    clean = np.full((200, 200, 3), 0.5)
    noise = 255 * (degraded(f"denoise_{sigma}", clean) - clean)
    assert abs(noise.std() / sigma - 1) < deviation_margin(noise.size)
    assert deviation_margin(noise.size) < 0.02
    assert degraded("denoise_200", clean).max() == 1


def test_pictures_shrink_by_bicubic_interpolation():
    line = np.linspace(0.2, 0.8, 24)
    ramp = np.broadcast_to(line[:, None, None], (24, 24, 3))
    for scale in (2, 3, 4):
        small = degraded(f"upscale_{scale}", ramp)
        assert small.shape == (24 // scale, 24 // scale, 3)
        # Away from the borders a line stays one.
        expected = line.reshape(-1, scale).mean(axis=1)
        assert_close(small[2:-2, 0, 0], expected[2:-2], SUM)
    stripes = np.broadcast_to((np.arange(24) % 2.0)[:, None, None], (24, 24, 3))
    assert np.ptp(degraded("upscale_3", stripes)[1:-1]) < 0.2


def test_rain_only_adds_light_in_streaks_and_lines_only_take_it_away():
    clean = np.full((64, 64, 3), 0.3)
    rain, lines = degraded("derain", clean), degraded("inpaint", clean)
    added = rain[..., 0] - clean[..., 0]
    assert (added >= 0).all()
    assert 0.01 < (added > 0.1).mean() < 0.6
    below, beside = (np.abs(np.diff(added, axis=axis)).mean() for axis in (0, 1))
    assert below < beside / 1.5  # it falls
    hidden = lines[..., 0] == 0
    assert set(np.unique(lines)) == {0, np.float32(0.3)}
    assert 0.03 < hidden.mean() < 0.5
    assert hidden[[0, -1]].any() or hidden[:, [0, -1]].any()


def test_all_of_a_batch_have_the_task_of_its_number_wherever_one_begins():
    data = data_of()
    batches = list(data.batches(seed=3).take(12).as_numpy_iterator())
    tasks = [batch["task"] for batch in batches]
    assert all((numbers == numbers[0]).all() for numbers in tasks)
    assert {int(numbers[0]) for numbers in tasks} > {1, 3}
    later = next(data.batches(start_step=7, seed=3).as_numpy_iterator())
    half = data.batches(seed=3, parts=Parts(1, 1, 2)).take(12).as_numpy_iterator()
    for batch, part in zip(batches, half, strict=True):
        tf.nest.map_structure(lambda x, y: np.testing.assert_array_equal(x[2:], y), batch, part)
    tf.nest.map_structure(np.testing.assert_array_equal, later, batches[7])


def test_of_a_target_as_much_is_there_as_its_scale_and_the_rest_is_zero():
    for batch in data_of().batches(seed=1).take(8).as_numpy_iterator():
        number = int(batch["task"][0])
        side, target = 8 * (1, 2, 3, 1, 1)[number], batch["target"]
        assert batch["images"].shape == (4, 8, 8, 3)
        assert target.shape == (4, 24, 24, 3)
        assert not target[:, side:].any()
        assert not target[:, :, side:].any()
        small = target[:, :side, :side].reshape(4, 8, side // 8, 8, side // 8, 3).mean(axis=(2, 4))
        assert np.corrcoef(small.ravel(), batch["images"].ravel())[0, 1] > 0.6


def test_only_some_tasks_are_drawn_under_the_same_numbers():
    data = data_of(only=("upscale_3",))
    batches = data.batches(seed=0).take(3).as_numpy_iterator()
    assert {int(n) for batch in batches for n in batch["task"]} == {2}
    assert data.method_arguments() == {"tasks": TASKS, "scales": (1, 2, 3, 1, 1)}


def test_a_small_picture_is_continued_by_its_mirror_image():
    image = np.arange(6, dtype="uint8").reshape(2, 3, 1).repeat(3, axis=2)
    found = np.rint(255 * mirrored_crop(tf.constant(image), 1, 0, 5).numpy()[..., 0])
    rows, columns = [1, 1, 0, 0, 1], [0, 1, 2, 2, 1]
    np.testing.assert_array_equal(found, image[..., 0][np.ix_(rows, columns)])


def test_crops_are_turned_all_eight_ways():
    image = tf.reshape(tf.range(4.0), (2, 2, 1))
    found = {tuple(turned(image, [0, n]).numpy().ravel()) for n in range(64)}
    assert len(found) == 8
    plain = data_of(flip=False, tasks=("denoise_1",)).batches(seed=0).take(1).as_numpy_iterator()
    assert next(plain)["target"].shape == (4, 8, 8, 3)


def test_held_out_pictures_are_degraded_alike_at_every_call():
    data = data_of().prepare()
    few = data.items.select(range(3))
    first, second = (
        next(data.degraded_examples(few, "upscale_3", 16).as_numpy_iterator()) for _ in range(2)
    )
    assert first["images"].shape == (3, 5, 5, 3)
    assert first["target"].shape == (3, 15, 15, 3)
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)
    top = (data.preview(few, 0).shape[0] - 15) // 2
    middle = data.preview(few, 0)[top : top + 15, top : top + 15] / 255
    assert_close(first["target"][0], middle, SUM)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tasks": ("denoise",)}, "no task 'denoise': tasks are denoise_SIGMA"),
        ({"tasks": ("upscale_5",)}, "no task 'upscale_5'"),
        ({"tasks": ("denoise_0",)}, "no task 'denoise_0'"),
        ({"tasks": ("derain", "derain")}, "each once"),
        ({"tasks": ()}, "must name tasks"),
        ({"only": ()}, "must name tasks"),
        ({"only": ("denoise_50",)}, r"only=\('denoise_50',\) must be among"),
    ],
)
def test_tasks_that_there_are_not_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        data_of(**options)
