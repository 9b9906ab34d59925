import numpy as np
import pytest
from keras import ops

from mmssl.encoders import conv_encoder
from mmssl.layers import rgb_to_lab
from mmssl.layers.color import gamut_bins
from mmssl.methods.colorization import Colorization
from mmssl.pipelines.images import ImageCrops
from tests.contract.cases import Case
from tests.contract.learning import ON_OBJECTS
from tests.contract.sizes import TINY_CROPS

CASE = Case(
    "vision/colorization",
    (
        *TINY_CROPS,
        "--method.encoder.depths=[1,1,1]",
        "--method.encoder.strides=[2,2,1]",
        "--method.encoder.dilations=[1,1,1]",
        "--method.decoder_width=16",
        "--method.upsampling=1",
    ),
    initial_loss=(np.log(261), 1.5),
    theory=("--method.uniform_weight=1",),  # without rebalancing, or a small batch is off
    **ON_OBJECTS,
    margins={("untrained", "linear"): 0.05, ("raw", "linear"): 0.05},
)
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def method_of(size=16, strides=(2, 2), **kwargs):
    ones = (1,) * len(strides)
    encoder = conv_encoder(size, (4,) * len(strides), ones, strides, ones)
    return Colorization(encoder, decoder_width=4, decoder_depth=0, **kwargs)


def red_dots_on_blue(stride, size=16):
    images = np.full((2, size, size, 3), BLUE, "float32")
    images[:, ::stride, ::stride] = RED
    return images


def nearest_bin(color):
    ab = np.asarray(rgb_to_lab(np.float32([color])))[:, 1:]
    return np.square(gamut_bins() - ab).sum(axis=1).argmin()


@pytest.mark.parametrize(("upsampling", "stride"), [(1, 4), (2, 2), (4, 1)])
def test_the_targets_are_the_colors_of_every_strideth_pixel_the_first_included(upsampling, stride):
    method = method_of(upsampling=upsampling)
    batch = {"images": red_dots_on_blue(stride)}
    for color, accuracy in ((RED, 1.0), (BLUE, 0.0)):
        logits = np.zeros(method(batch).shape, "float32")
        logits[..., nearest_bin(color)] = 9.0
        method.reset_metrics()
        method.loss_terms(batch, ops.convert_to_tensor(logits), training=False)
        assert float(method.get_metrics_result()["mode_accuracy"]) == accuracy


def test_the_rarity_of_colors_is_taken_from_the_pixels_that_are_predicted():
    method = method_of(upsampling=1)
    method.adapt([{"images": red_dots_on_blue(4)}])
    rarity = np.asarray(method.bins.rarity)
    assert rarity[nearest_bin(RED)] < 0.1 * rarity[nearest_bin(BLUE)]
    assert rarity[nearest_bin(BLUE)] == rarity.max()


def test_a_pipelines_crops_are_all_that_it_learns_from():
    data = ImageCrops("builtin:photos", size=16, batch_size=4)
    method = method_of(upsampling=1)
    method.adapt(data.batches().take(2))
    batch = next(iter(data.batches()))
    loss = method.compute_loss(x=batch, y_pred=method(batch), training=False)
    assert 0 < float(loss) < 20


def test_pictures_without_color_are_refused_and_weigh_nothing():
    gray = {"images": np.random.default_rng(0).random((2, 16, 16, 1), "float32").repeat(3, axis=-1)}
    method = method_of()
    with pytest.raises(ValueError, match=r"None of 2 images has a color beyond \|a\|, \|b\| = 5"):
        method.adapt([gray])
    assert float(method.loss_terms(gray, method(gray), training=False)["color"]) == 0


def test_predictions_that_do_not_lie_on_whole_pixels_are_refused():
    with pytest.raises(ValueError, match=r"maps of \(16, 16\) for images of \(60, 60\)"):
        method_of(60, (2, 2, 2), upsampling=2)
    with pytest.raises(ValueError, match="set upsampling, the strides or the size to match"):
        method_of(upsampling=8)
