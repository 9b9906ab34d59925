import numpy as np
import pytest
import tensorflow as tf

from mmssl.generation.draws import draw

GRID = (np.arange(4096, dtype="float32") + 0.5) / 4096  # of uniform numbers


def drawn(logits, uniform, temperature=1.0):
    rows = np.tile(np.asarray(logits, "float32"), (len(uniform), 1))
    compiled = tf.function(draw, jit_compile=True, autograph=False)
    return compiled(rows, np.asarray(uniform, "float32"), np.float32(temperature)).numpy()


@pytest.mark.parametrize("categories", [1, 2, 5, 16, 200, 256])
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_every_category_has_its_share_of_the_uniform_numbers(categories, temperature):
    logits = np.random.default_rng(0).normal(0, 2, categories)
    shares = np.exp(logits / temperature) / np.exp(logits / temperature).sum()
    counts = np.bincount(drawn(logits, GRID, temperature), minlength=categories)
    # An interval of so many steps of the grid holds one more or one less of its points.
    assert np.abs(counts - len(GRID) * shares).max() <= 1


@pytest.mark.parametrize("uniform", [0.0, 1e-7, 0.5, np.nextafter(np.float32(1), np.float32(0))])
def test_what_is_impossible_is_never_drawn(uniform):
    logits = np.full(256, -np.inf)
    logits[[17, 203]] = 0
    assert drawn(logits, [uniform])[0] in (17, 203)


def test_rows_are_drawn_by_their_own_numbers():
    logits = np.log([0.25, 0.25, 0.5])
    np.testing.assert_array_equal(drawn(logits, [0.9, 0.6, 0.1]), [0, 1, 2])
