"""What columns are taken for, and what is learned of them."""

import numpy as np
import pytest

from mmssl.pipelines.tables.columnar import Arrays
from mmssl.pipelines.tables.files import Table
from mmssl.pipelines.tables.learning import MOST_COUNTED, learn_schema
from tests.tolerances import SUM, assert_close

ROWS = 40
SOME = [str(i % 7) for i in range(ROWS)]  # a column that is always kept


def learned(cells, **options):
    """Returns the Column that 40 cells are taken for, or the reason why it is left out."""
    table = Table("a.csv", [Arrays({"x": np.array(cells), "some": np.array(SOME)})])
    schema = learn_schema(table, **options)
    return schema.left_out.get("x") or next(c for c in schema.columns if c.name == "x")


def repeated(*cells):
    return [cells[i % len(cells)] for i in range(ROWS)]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (("1", "-2.5", "1e3", "?", ""), "number"),
        (("123456789012345678901234567890", "1"), "number"),
        (("2020-01-31", "2020-02-01 12:30", "2021-06-01T00:00:00Z", "NA"), "date"),
        (("True", "False"), "category"),
        (("yes", "no", "-"), "category"),
        (("00501", "10115", "01067"), "category"),
        (("1_000", "2_000"), "category"),
        (("31.01.2020", "01.02.2020"), "category"),
        ((1.5, 2.0, np.nan), "number"),
    ],
)
def test_kinds_are_those_of_nearly_all_cells(cells, kind):
    assert learned(repeated(*cells)).kind == kind


def test_a_stray_word_makes_no_category_of_a_column_of_numbers():
    cells = [*map(str, np.arange(ROWS) % 11)]
    cells[17] = "abc"
    column = learned(cells)
    rest = np.delete(np.arange(ROWS) % 11, 17)
    assert column.kind == "number"
    assert_close([column.mean, column.deviation], [rest.mean(), rest.std()], SUM)


def test_a_decimal_comma_is_refused_until_it_is_said_to_be_one():
    cells = repeated("3,14", "2", "1,234")
    with pytest.raises(ValueError, match=r"a.csv column 'x', row 0: '3,14' has a comma"):
        learned(cells)
    assert_close(learned(cells, decimal=",").mean, np.mean([3.14, 2, 1.234] * 13 + [3.14]), SUM)
    assert learned(cells, categories=("x",)).kind == "category"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([""] * ROWS, "empty"),
        (["?", "NaN"] * (ROWS // 2), "empty"),
        (["5"] * ROWS, "one value"),
        (["a"] * ROWS, "one value"),
        ([f"id {i}" for i in range(ROWS)], "40 of its 40 values occur once"),
        ([str(i) for i in range(7, 7 + ROWS)], "counts the rows"),
        (["1e300", "-1e300"] * (ROWS // 2), "too large"),
    ],
)
def test_columns_that_say_nothing_are_left_out(cells, words):
    assert words in learned(cells)


def test_categories_are_the_most_frequent_and_those_seen_once_are_unknown():
    cells = ["a"] * 10 + ["c"] * 12 + ["b"] * 10 + ["once"] + ["d"] * 7
    assert learned(cells).values == ("c", "a", "b", "d")
    assert learned(cells, most_values=2).values == ("c", "a")


def test_more_values_than_can_be_counted_are_no_categories():
    cells = [f"{i}x" for i in range(MOST_COUNTED + 5)]
    with pytest.raises(ValueError, match="more than 65536 different values"):
        learn_schema(Table("a.csv", [Arrays({"x": np.array(cells)})]))


def test_moments_and_categories_are_those_of_the_rows_to_train_on():
    x, word = np.arange(ROWS) ** 2.0, np.array(repeated("a", "b", "c", "d"))
    table = Table("a.csv", [Arrays({"x": x, "word": word})])
    schema = learn_schema(table, chosen=lambda names, columns: np.arange(ROWS) % 4 < 2)
    use = np.arange(ROWS) % 4 < 2
    assert_close(schema.columns[0].mean, x[use].mean(), SUM)
    assert_close(schema.columns[0].deviation, x[use].std(), SUM)
    assert schema.columns[1].values == ("a", "b")


def test_moments_of_many_chunks_are_those_of_all_rows(monkeypatch):
    monkeypatch.setattr("mmssl.pipelines.tables.columnar.ROWS", 7)
    cells = np.random.default_rng(0).normal(1e6, 1.0, ROWS)
    column = learned(cells)
    assert_close(column.mean, cells.mean(), SUM)
    assert_close(column.deviation, cells.std(), SUM)


def test_dates_count_days():
    column = learned(repeated("1970-01-02", "1970-01-04 12:00"))
    assert_close([column.mean, column.deviation], [2.25, 1.25], SUM)


def test_a_table_of_nothing_is_refused():
    table = Table("a.csv", [Arrays({"x": np.zeros(ROWS)})])
    with pytest.raises(ValueError, match="no column to learn from"):
        learn_schema(table)
    with pytest.raises(ValueError, match=r"no column 'y', of data.categories"):
        learn_schema(table, categories=("y",))
    with pytest.raises(ValueError, match="no rows to train on"):
        learn_schema(table, chosen=lambda names, columns: np.zeros(len(names), bool))
