"""CVRL: two clips of a video among those of all others."""

import keras
import numpy as np
import pytest

from mmssl.losses.nt_xent import nt_xent
from mmssl.methods.cvrl import CVRL
from mmssl.pipelines.video import ClipPairs
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import SUM, assert_close

TINY = (
    "--data.batch_size=8",
    "--data.size=8",
    "--data.frames=4",
    "--data.limit=64",
    "--method.encoder.width=4",
    "--method.encoder.small_images=true",
)
CASE = Case(
    "video/cvrl",
    (*TINY, "--method.projector=[16,8]"),
    initial_loss=(np.log(2 * 8 - 1), 0.1),
    theory=("--method.temperature=10",),
)


def numpy_nt_xent(first, second, temperature):
    """The formula, clip by clip."""
    views = np.concatenate([first, second]).astype("float64")
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    scores, rows = views @ views.T / temperature, len(views)
    losses = []
    for i in range(rows):
        others = [scores[i, k] for k in range(rows) if k != i]
        losses.append(np.log(np.exp(others).sum()) - scores[i, (i + rows // 2) % rows])
    return np.mean(losses)


def test_the_loss_is_the_papers_mean_over_both_directions(encoder, pairs):
    method = CVRL(encoder, (8, 4), temperature=0.5)
    outputs = [np.asarray(x) for x in method(pairs)]
    found = loss_of(method, pairs, training=False)
    assert_close(found, numpy_nt_xent(*outputs, 0.5), SUM)
    assert_close(found, nt_xent(*outputs, 0.5), SUM)


def test_both_clips_share_batch_statistics(encoder, pairs):
    method = CVRL(encoder, (8, 4))
    both = np.concatenate([pairs["vectors_1"], pairs["vectors_2"]])
    expected = method.student({"vectors": both}, training=True)["projection"]
    assert_close(np.concatenate(method(pairs, training=True)), expected, SUM)


def test_the_projector_has_three_hidden_layers_with_batch_norm_and_a_plain_last_one(encoder):
    layers = CVRL(encoder).student.get_layer("projector").layers
    widths = [layer.units for layer in layers if isinstance(layer, keras.layers.Dense)]
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert widths == [2048, 2048, 2048, 128]
    assert len(norms) == 3
    assert isinstance(layers[-1], keras.layers.Dense)


def of_first_pixels():
    frames = keras.Input((4, 8, 8, 3), name="frames")
    x = keras.layers.Flatten()(frames)
    return keras.Model({"frames": frames}, {"features": x, "embedding": x})


def textures(count=8):
    """Videos that rest, each with a picture of its own."""
    still = np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8, 3), np.uint8)
    return list(np.repeat(still, 12, axis=1))


PLAIN = {
    "jitter_probability": 0,
    "gray_probability": 0,
    "scale": (1.0, 1.0),
    "ratio": (1.0, 1.0),
    "flip": False,
}


def test_the_share_of_clips_whose_nearest_is_of_their_video_is_counted():
    data = ClipPairs(textures(), 8, 4, 2, batch_size=8, **PLAIN)
    method = CVRL(of_first_pixels(), (64,))
    assert method.validate(data) == {"same_video": 1.0, "same_video_chance": 1 / 15}
    moving = np.random.default_rng(0).integers(0, 256, (8, 48, 8, 8, 3), np.uint8)
    found = method.validate(ClipPairs(moving, 8, 4, 2, batch_size=8, **PLAIN))
    assert found["same_video"] < 0.6


def test_the_report_shows_a_clip_its_nearest_and_its_partner():
    data = ClipPairs(textures(), 8, 4, 2, batch_size=8, **PLAIN)
    ((_, caption, image),) = CVRL(of_first_pixels(), (64,)).report_images(data)
    assert image.shape == (8 * 8, 3 * 4 * 8, 3)
    assert "100%" in caption
    query, nearest, partner = np.split(image, 3, axis=1)
    np.testing.assert_array_equal(nearest, partner)
    np.testing.assert_array_equal(query, partner)


def test_a_temperature_of_zero_is_refused(encoder):
    with pytest.raises(ValueError, match="temperature"):
        CVRL(encoder, temperature=0.0)
