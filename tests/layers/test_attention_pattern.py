"""What tokens of a text and a picture attend to, drawn as maps."""

import numpy as np
import pytest

from mmssl.layers import AttentionPattern

TEXT, ROWS, COLUMNS = 3, 3, 4
LENGTH = TEXT + ROWS * COLUMNS


def seen_by(kind, row, column, **options):
    """What a cell of the picture attends to in it, as rows of 0 and 1."""
    layer = AttentionPattern(kind, TEXT, COLUMNS, **options)
    found = np.asarray(layer(np.zeros((1, LENGTH, 2), "float32")))[0]
    line = found[TEXT + row * COLUMNS + column]
    assert line[:TEXT].all()
    return line[TEXT:].astype(int).reshape(ROWS, COLUMNS).tolist()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("dense", [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]]),
        ("row", [[0, 0, 0, 0], [0, 1, 1, 1], [1, 1, 0, 0]]),
        ("column", [[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]),
        ("convolution", [[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]]),
    ],
)
def test_a_cell_sees_what_its_pattern_says_and_nothing_after_it(kind, expected):
    assert seen_by(kind, 2, 1, kernel=3) == expected


def test_the_sides_of_a_picture_are_no_neighbors():
    assert seen_by("convolution", 1, 0, kernel=3) == [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert seen_by("column", 2, 0) == [[1, 0, 0, 0]] * 3


@pytest.mark.parametrize("kind", ["dense", "row", "column", "convolution"])
def test_a_text_sees_all_of_itself_that_came_before(kind):
    layer = AttentionPattern(kind, TEXT, COLUMNS, kernel=1)
    found = np.asarray(layer(np.zeros((1, LENGTH, 2), "float32")))[0]
    np.testing.assert_array_equal(found[:TEXT], np.tri(LENGTH)[:TEXT])
    some = np.asarray(layer.between(np.arange(5, 7), np.arange(LENGTH)))
    np.testing.assert_array_equal(some, found[5:7])


def test_what_is_no_pattern_is_refused():
    with pytest.raises(ValueError, match="kind"):
        AttentionPattern("diagonal", TEXT, COLUMNS)
    with pytest.raises(ValueError, match="kernel=4"):
        AttentionPattern("convolution", TEXT, COLUMNS, kernel=4)
