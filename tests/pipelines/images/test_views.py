"""Views of pictures: shapes, shares, sizes, and that they are the same every time."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.images import ImageViews
from tests.pipelines.elements import elements
from tests.tolerances import NETWORK, ROUNDING, assert_close, multiples, rounding, share_margin

PLAIN = {"jitter_probability": 0.0, "gray_probability": 0.0, "flip": False}


def photos(count=12):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40 + i, 50, 3)).astype(np.uint8) for i in range(count)]


def full(**changes):
    arguments = {"blur_probability": 0.5, "solarize_probability": [0.0, 0.5], "num_small_views": 2}
    return ImageViews(photos(), 24, 4, **arguments, small_size=12, **changes)


def test_batches_hold_two_views_of_static_shape():
    spec = ImageViews(photos(), 24, 4).batches().element_spec
    assert {name: tuple(part.shape) for name, part in spec.items()} == {
        "images_1": (4, 24, 24, 3),
        "images_2": (4, 24, 24, 3),
    }
    images = elements(ImageViews(photos(), 24, 4), 2)
    assert multiples(images["images_1"], images["images_2"]) > NETWORK
    assert all(0 <= view.min() <= view.max() <= 1 for view in images.values())


def test_further_views_have_a_size_of_their_own():
    spec = full().batches().element_spec
    assert list(spec) == [f"images_{view}" for view in (1, 2, 3, 4)]
    assert [spec[name].shape[1] for name in spec] == [24, 24, 12, 12]


@pytest.mark.parametrize("calls", [1, 5])
def test_the_number_of_parallel_calls_changes_nothing(calls):
    expected = elements(full(), 4, seed=5)
    for name, value in elements(full(num_parallel_calls=calls), 4, seed=5).items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize("step", [0, 3])
def test_pictures_of_one_size_have_the_same_views_cut_together_or_alone(step):
    same = np.stack([picture[:40] for picture in photos()])
    asked = {"start_step": step, "seed": 4}
    changes = {"blur_probability": 0.5, "solarize_probability": 0.5, "num_small_views": 1}
    together = ImageViews(same, 24, 4, **changes)
    alone = ImageViews(list(same), 24, 4, cache=False, **changes)
    expected = elements(alone, 3, **asked)
    for name, value in elements(together, 3, **asked).items():
        assert_close(value, expected[name], NETWORK)


def test_steps_of_large_views_are_fused_and_change_nothing(monkeypatch):
    changes = {"blur_probability": [0.5, 0.0], "solarize_probability": 0.5, "scale": (0.5, 1.0)}
    fused = elements(ImageViews(photos(3), 96, 3, **changes), 2)
    monkeypatch.setattr("mmssl.pipelines.images.views._FUSED", 1000)
    for name, value in elements(ImageViews(photos(3), 96, 3, **changes), 2).items():
        assert_close(fused[name], value, NETWORK)


def test_a_subclass_adds_augmentations_of_its_own():
    class Erased(ImageViews):
        augment_draws = 1

        def augment(self, images, draws, view):
            return images * tf.cast(draws < 0.5, tf.float32)[:, :, None, None]

    views = elements(Erased(photos(), 24, 4), 20)
    dark = [views[name].max(axis=(1, 2, 3)) == 0 for name in views]
    assert 0.3 < np.mean(dark) < 0.7
    assert (dark[0] != dark[1]).any()
    plain = elements(ImageViews(photos(), 24, 4, **PLAIN), 1)
    assert (plain["images_1"].max(axis=(1, 2, 3)) > 0).all()


def test_starting_at_a_step_equals_skipping_to_it():
    expected = elements(full(), 5, seed=2)
    for name, value in elements(full(), 2, start_step=3, seed=2).items():
        np.testing.assert_array_equal(value, expected[name][12:])


def test_an_element_does_not_depend_on_its_batch():
    expected = elements(ImageViews(photos(), 24, 6, blur_probability=0.5), 2)
    for name, value in elements(ImageViews(photos(), 24, 4, blur_probability=0.5), 3).items():
        assert_close(value, expected[name], ROUNDING)


def test_whole_pictures_without_changes_are_shown_as_they_are():
    gray = np.random.default_rng(0).integers(0, 256, (4, 28, 28)).astype(np.uint8)
    views = elements(ImageViews(gray, 28, 4, scale=(1, 1), ratio=(1, 1), **PLAIN), 1)
    shown = sorted(image[..., 1].round(6).tolist() for image in views["images_1"])
    assert shown == sorted((picture / np.float32(255)).round(6).tolist() for picture in gray)
    np.testing.assert_array_equal(views["images_1"], views["images_2"])


def test_each_view_keeps_its_own_shares():
    white = np.full((400, 4, 4, 3), 255, np.uint8)
    white[..., 0] = 204
    pipeline = ImageViews(
        white, 4, 400, scale=(1, 1), ratio=(1, 1), jitter_probability=0.0, flip=False,
        gray_probability=[1.0, 0.3, 0.0], solarize_probability=[0.0, 0.0, 0.6], num_small_views=2,
        small_size=4, small_scale=(1, 1),
    )  # fmt: skip
    views = elements(pipeline, 1)
    colors = [np.ptp(views[f"images_{v}"], axis=-1).max(axis=(1, 2)) for v in (1, 2, 3)]
    gray = [(color < ROUNDING * rounding()).mean() for color in colors]
    dark = [(views[f"images_{v}"].max(axis=(1, 2, 3)) < 0.5).mean() for v in (1, 2, 3, 4)]
    assert (gray[0], gray[2], dark[0], dark[1]) == (1, 0, 0, 0)
    assert abs(gray[1] - 0.3) < share_margin(0.3, 400)
    assert abs(dark[2] - 0.6) < share_margin(0.6, 400)
    assert abs(dark[3] - 0.6) < share_margin(0.6, 400)
    assert dark[2] != dark[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"jitter": (0.4, -0.1, 0.4, 0.1)}, "jitter="),
        ({"jitter": (0.4, 0.4, 0.4, 0.6)}, "jitter="),
        ({"blur_sigma": (0, 1)}, "blur_sigma="),
        ({"blur_probability": 1.5}, "blur_probability=1.5"),
        ({"gray_probability": []}, "gray_probability="),
        (
            {"solarize_probability": [0, 0.2, 0.1]},
            "solarize_probability=.* than there are views, 2",
        ),
        ({"num_small_views": -1}, "num_small_views=-1"),
        ({"small_size": 0}, "small_size=0"),
        ({"small_scale": (0.5, 0.2)}, "small_scale="),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageViews("nowhere", **arguments)


def test_inputs_of_a_trained_encoder_are_those_of_crops():
    pipeline = ImageViews("nowhere", 24)
    images = next(iter(pipeline.examples(pipeline.open(photos()), 12)))["images"]
    assert images.shape == (12, 24, 24, 3)
