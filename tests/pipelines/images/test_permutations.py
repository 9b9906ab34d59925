"""Permutations that are far from each other, chosen alike everywhere, and kept."""

import itertools

import numpy as np
import pytest

from mmssl.pipelines.images.permutations import (
    PERMUTATIONS_FILE,
    distant_permutations,
    read_permutations,
    write_permutations,
)

FIRST = [7, 5, 1, 6, 2, 3, 8, 0, 4]


@pytest.fixture(scope="module")
def table():
    return distant_permutations(64)


def distances(table):
    return (table[:, np.newaxis] != table[np.newaxis]).sum(axis=-1)


def test_all_rows_are_different_permutations_of_the_tiles(table):
    assert (np.sort(table, axis=1) == np.arange(9)).all()
    assert len({tuple(row) for row in table.tolist()}) == 64


def test_fewer_permutations_begin_as_more_do_and_the_same_everywhere(table):
    np.testing.assert_array_equal(distant_permutations(5), table[:5])
    assert table[0].tolist() == FIRST


def test_two_permutations_differ_in_seven_slots_or_more_of_nine(table):
    apart = distances(table)[np.triu_indices(64, 1)]
    assert apart.min() >= 7
    assert apart.mean() > 8  # that of two random ones


def test_each_permutation_is_as_far_from_those_before_it_as_there_is_one(table):
    every = np.array(list(itertools.permutations(range(9))))
    for count in (1, 8, 9, 20):
        apart = (every[:, np.newaxis] != table[np.newaxis, :count]).sum(axis=-1)
        least = apart.min(axis=1)
        chosen = (every == table[count]).all(axis=1)
        assert least[chosen] == least.max()
        assert apart.sum(axis=1)[chosen] == apart.sum(axis=1)[least == least.max()].max()


def test_permutations_are_read_as_they_were_written(table, tmp_path):
    assert read_permutations(tmp_path) is None
    write_permutations(tmp_path, table)
    np.testing.assert_array_equal(read_permutations(tmp_path), table)


@pytest.mark.parametrize("text", ["", "0 1 2\n", "0 1 2 3 4 5 6 7 7\n", "a b\n"])
def test_a_damaged_file_is_refused(text, tmp_path):
    (tmp_path / PERMUTATIONS_FILE).write_text(text)
    with pytest.raises(ValueError, match=r"permutations.txt is damaged.*restore it from a copy"):
        read_permutations(tmp_path)
