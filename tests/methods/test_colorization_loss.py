"""What the loss of colorization is taken of."""

import keras
import numpy as np
from scipy.special import log_softmax

from mmssl.encoders import conv_encoder
from mmssl.layers import rgb_to_lab
from mmssl.methods.colorization import Colorization
from tests.tolerances import NETWORK, assert_close

STRIDE = 4  # pixels from one prediction to the next


def test_rare_colors_weigh_more_and_pictures_without_color_cost_nothing():
    keras.utils.set_random_seed(0)
    encoder = conv_encoder(16, (4,), (1,), (STRIDE,), (1,))
    method = Colorization(encoder, decoder_width=4, decoder_depth=1, upsampling=1)
    draw = np.random.default_rng(0)
    method.bins.set_frequencies(draw.dirichlet(np.ones(len(method.bins))), 0.1)
    images = draw.random((3, 16, 16, 3)).astype("float32")
    images[2] = images[2, ..., :1]
    ab = np.asarray(rgb_to_lab(images[:, ::STRIDE, ::STRIDE]))[..., 1:]
    batch = {"images": images, "ab": ab}
    outputs = method(batch)
    loss = method.loss_terms(batch, outputs, training=False)["color"]
    assert_close(loss, expected_loss(method.bins, ab, outputs), NETWORK)


def expected_loss(bins, ab, logits):
    """The sum over the colored pictures' pixels, over the number of all pixels."""
    total, rarity = 0.0, np.asarray(bins.rarity, "float64")
    for picture, scores in zip(ab[:2], np.asarray(logits, "float64")[:2], strict=True):
        for color, log_shares in zip(
            picture.reshape(-1, 2), log_softmax(scores.reshape(-1, len(bins)), -1), strict=True
        ):
            distance = np.square(bins.centers - color).sum(-1)
            nearest = np.argsort(distance)[: bins.neighbors]
            share = np.exp(-distance[nearest] / (2 * bins.sigma**2))
            total -= rarity[nearest[0]] * (share / share.sum()) @ log_shares[nearest]
    return total / ab[..., 0].size
