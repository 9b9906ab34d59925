import numpy as np
import pytest

from mmssl.search import exact
from mmssl.search.vectors import blocks, unit
from tests.tolerances import ROUNDING, SUM, assert_close


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("mmssl.search.vectors.BLOCK_BYTES", 7 * 4 * 16)  # 7 rows of 16
    monkeypatch.setattr(exact, "QUERIES", 3)


def vectors(count, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(count, 16)))


@pytest.mark.parametrize("k", [1, 5, 9, 40])
@pytest.mark.usefixtures("small_blocks")
def test_the_nearest_are_those_of_all_cosines(k):
    bank, queries = vectors(40), vectors(8, seed=1)
    rows, cosines = exact.nearest(bank, queries, k)
    every = queries.astype("float64") @ bank.T
    assert (rows == np.argsort(-every, axis=1)[:, :k]).all()
    assert_close(cosines, np.take_along_axis(every, rows, axis=1), SUM, scale=1)


@pytest.mark.usefixtures("small_blocks")
def test_of_equal_vectors_the_first_come_first():
    bank = np.repeat(np.eye(16, dtype="float32"), 2, axis=0)
    rows, _ = exact.nearest(bank, bank[[0, 30]], 2)
    assert rows.tolist() == [[0, 1], [30, 31]]


@pytest.mark.usefixtures("small_blocks")
def test_blocks_hold_every_row_once():
    cut = blocks(vectors(40))
    assert [part.stop - part.start for part in cut] == [7, 7, 7, 7, 7, 5]
    assert [part.start for part in cut[1:]] == [part.stop for part in cut[:-1]]


def test_vectors_are_scaled_to_length_one_but_for_zero():
    assert_close(unit(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0.0, 0.0]], ROUNDING)
