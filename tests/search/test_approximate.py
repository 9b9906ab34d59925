import numpy as np
import pytest

from mmssl.search import approximate, exact
from mmssl.search.approximate import Approximate
from mmssl.search.vectors import unit

pytest.importorskip("faiss")


@pytest.fixture(scope="module")
def clustered():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(40, 16))
    return unit(centers[rng.integers(40, size=3000)] + 0.5 * rng.normal(size=(3000, 16)))


def test_the_recall_is_reached_and_is_that_of_exact_search(clustered, tmp_path):
    measured = approximate.build(clustered, tmp_path)
    assert measured["cells"] == 54
    assert 0.99 <= measured["recall"] <= 1
    assert measured["searched"] < measured["cells"]
    index = Approximate(tmp_path, clustered, measured["searched"])
    queries = clustered[::10]
    found, cosines = index.nearest(queries, 11)
    true, true_cosines = exact.nearest(clustered, queries, 11)
    shared = np.mean([np.isin(a, b).mean() for a, b in zip(true[:, 1:], found[:, 1:], strict=True)])
    assert 0.97 <= shared <= 1
    assert (found[:, 0] == true[:, 0]).all()
    assert np.abs(cosines[:, 0] - true_cosines[:, 0]).max() < approximate._ROUNDING


def test_fewer_cells_find_less(clustered, tmp_path, monkeypatch):
    monkeypatch.setattr(approximate, "RECALL", 0.5)
    assert 0.5 <= approximate.build(clustered, tmp_path)["recall"] < 0.99


def test_an_item_does_not_count_as_its_own_neighbor(tmp_path, monkeypatch):
    monkeypatch.setattr(approximate, "RECALL", 0.0)
    rows = unit(np.random.default_rng(0).normal(size=(2000, 64)))
    # Without neighbors that are near, one cell of 44 has hardly more than an item's own vector.
    assert approximate.build(rows, tmp_path)["recall"] < 0.2


def test_more_items_than_the_cells_hold_are_found_all_the_same(clustered, tmp_path):
    approximate.build(clustered, tmp_path)
    found, cosines = Approximate(tmp_path, clustered, 1).nearest(clustered[:3], 2500)
    true, true_cosines = exact.nearest(clustered, clustered[:3], 2500)
    assert (found == true).all()
    assert (cosines == true_cosines.astype("float32")).all()


@pytest.mark.parametrize("damage", [b"", b"IwFl no index"])
def test_a_damaged_file_is_refused(clustered, tmp_path, damage):
    (tmp_path / approximate.FILE).write_bytes(damage)
    with pytest.raises(ValueError, match=r"nearest\.faiss is damaged: build the index again"):
        Approximate(tmp_path, clustered, 1)


def test_a_file_of_other_vectors_is_refused(clustered, tmp_path):
    approximate.build(clustered, tmp_path)
    with pytest.raises(ValueError, match="is of other vectors"):
        Approximate(tmp_path, clustered[1:], 1)


def test_small_indexes_are_compared_whole(monkeypatch):
    monkeypatch.setattr(approximate, "EXACT_BELOW", 100)
    assert not approximate.is_wanted(99)
    assert approximate.is_wanted(100)


def test_without_faiss_the_pip_command_is_named(monkeypatch, caplog):
    def missing(*_):
        raise ImportError("faiss not found. Install with: pip install '.[search]'")

    monkeypatch.setattr(approximate, "require", missing)
    assert not approximate.is_wanted(50_000)
    assert "50000 vectors are all compared" in caplog.text
    assert "pip install '.[search]'" in caplog.text
