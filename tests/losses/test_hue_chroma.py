"""Classes of hue and chroma, and what they cost."""

import numpy as np

from mmssl.losses.hue_chroma import equal_classes, hue_chroma_loss
from tests.tolerances import SUM, assert_close

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(2, 9, 32)).astype("float32")
HUE, CHROMA = RNG.random((2, 9)).astype("float32")


def cross_entropy(logits, labels):
    logits = logits.astype("float64")
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


def test_the_loss_is_the_papers_formula():
    labels = [np.floor(32 * x * 0.99999).astype(int) for x in (HUE, CHROMA)]
    hue, chroma = hue_chroma_loss(*LOGITS, HUE, CHROMA)
    assert_close(hue, (5 * CHROMA * cross_entropy(LOGITS[0], labels[0])).mean(), SUM)
    assert_close(chroma, cross_entropy(LOGITS[1], labels[1]).mean(), SUM)


def test_gray_pixels_have_no_hue_to_learn():
    assert hue_chroma_loss(*LOGITS, HUE, 0 * CHROMA)[0] == 0


def test_equal_scores_cost_the_logarithm_of_32():
    _, chroma = hue_chroma_loss(*(0 * LOGITS), HUE, CHROMA)
    assert_close(chroma, 3.465736, SUM)


def test_red_is_the_first_class_of_hue_and_the_last_of_chroma():
    np.testing.assert_array_equal(equal_classes(np.float32([0, 1, 0.5]), 32), [0, 31, 15])
