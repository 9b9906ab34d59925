"""Rows of a table: what an encoder sees of them, and which tables it refuses."""

import csv

import numpy as np
import pytest

from mmssl.pipelines.tables import Schema, TableRows, opening
from mmssl.pipelines.tables.builtin import make
from tests.pipelines.elements import elements
from tests.tolerances import SUM, assert_close

ROWS = 60


def table(**changes):
    """Columns of 60 rows, of which every third is held out."""
    draw = np.random.default_rng(0)
    columns = {
        "age": [str(age) for age in draw.integers(18, 80, ROWS)],
        "job": [("clerk", "nurse", "?")[i % 3] for i in draw.integers(0, 3, ROWS)],
        "since": [f"20{10 + i % 9}-01-01" for i in range(ROWS)],
        "class": [("a", "b")[i % 2] for i in range(ROWS)],
        "split": [("train", "train", "test")[i % 3] for i in range(ROWS)],
    }
    return columns | changes


def written(path, columns):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def rows_of(source, **options):
    options = {"batch_size": 4, "label_column": "class", **options}
    return TableRows(source, **options)


@pytest.fixture
def file(tmp_path):
    return written(tmp_path / "a.csv", table())


def seen(data, source):
    """What an encoder sees of all rows of a source, in order."""
    return next(data.examples(source, batch_size=1000).as_numpy_iterator())


def test_numbers_are_standardized_by_the_training_part_and_gaps_are_none(file):
    data, columns = rows_of(file).prepare(), table()
    train = np.array(columns["split"]) == "train"
    age = np.array(columns["age"], float)
    inputs = seen(data, data.open(file))
    assert_close(inputs["numbers"][:, 0], (age - age[train].mean()) / age[train].std(), SUM)
    codes = {"": 0, "?": 0} | {text: i + 2 for i, text in enumerate(data.schema.columns[2].values)}
    np.testing.assert_array_equal(inputs["categories"][:, 0], [codes[t] for t in columns["job"]])
    assert data.encoder_arguments() == {"numbers": 2, "categories": [4]}


def test_gaps_of_numbers_are_marked_and_zero(tmp_path):
    columns = table()
    columns["age"][::4] = ["NA"] * 15
    path = written(tmp_path / "a.csv", columns)
    inputs = seen(rows_of(path), rows_of(path).open(path))
    np.testing.assert_array_equal(inputs["present"][:, 0], np.arange(ROWS) % 4 != 0)
    assert (inputs["numbers"][::4, 0] == 0).all()


def test_labels_and_splits_are_no_inputs_and_are_read(file):
    source = rows_of(file).open(file, label_column="class")
    assert source.labels.tolist() == table()["class"]
    assert source.splits.tolist() == table()["split"]
    columns = table(label=["x"] * ROWS)
    unnamed = rows_of(columns, label_column=None, ignore=["class"]).prepare()
    assert unnamed.items.labels.tolist() == ["x"] * 40  # of the columns called label and split
    assert rows_of(file).schema.names() == ["age", "since", "job"]
    assert rows_of(file, ignore=["age"]).schema.names() == ["since", "job"]
    data = rows_of(file, categories=["age"]).prepare()
    assert [column.kind for column in data.schema.columns] == ["date", "category", "category"]


def test_an_epoch_shows_each_row_of_the_split_once(file):
    data = rows_of(file).prepare()
    assert data.count == 40
    found = elements(data, batches=10)["numbers"]
    expected = seen(data, data.items)["numbers"]
    assert sorted(map(tuple, found)) == sorted(map(tuple, expected))
    assert rows_of(file, limit=8).prepare().count == 8


def test_what_was_not_seen_in_training_is_unknown(file, tmp_path):
    data = rows_of(file)
    other = written(tmp_path / "b.csv", table(job=["nurse", "pilot"] * 30))
    assert (seen(data, data.open(other))["categories"][1::2, 0] == 1).all()


def test_every_form_of_a_table_gives_the_same_rows(file, tmp_path):
    data = rows_of(file)
    columns = {name: np.array(cells) for name, cells in table().items()}
    typed = columns | {
        "age": columns["age"].astype(int),
        "since": columns["since"].astype("datetime64[D]"),
    }
    np.savez(tmp_path / "a.npz", **columns)
    part = {name: cells[:30] for name, cells in table().items()}
    rest = {name: cells[30:] for name, cells in reversed(table().items())}
    parts = [written(tmp_path / f"{n}.csv", p) for n, p in (("1", part), ("2", rest))]
    expected = seen(data, data.open(file))
    for form in (columns, typed, tmp_path / "a.npz", parts, str(tmp_path / "[12].csv")):
        found = seen(data, data.open(form))
        assert all(np.array_equal(found[name], expected[name]) for name in expected), form
    assert data.open(parts).names[30] == "2.csv line 2"


def test_parquet_is_read_with_its_types(file, tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    columns = table()
    typed = pyarrow.table(
        {
            "age": pyarrow.array([int(age) for age in columns["age"]], "int64"),
            "job": pyarrow.array([None if j == "?" else j for j in columns["job"]]),
            "since": pyarrow.array(np.array(columns["since"], "datetime64[D]")),
            "class": pyarrow.array(columns["class"]).dictionary_encode(),
            "split": columns["split"],
            "more": [[1, 2]] * ROWS,
        }
    )
    parquet.write_table(typed, tmp_path / "a.parquet", row_group_size=7)
    data = rows_of(file)
    found, expected = (seen(data, data.open(p)) for p in (tmp_path / "a.parquet", file))
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and more that is none")
    with pytest.raises(ValueError, match=r"b.parquet cannot be read as Parquet"):
        data.open(tmp_path / "b.parquet")


def test_arrays_of_numbers_have_columns_by_their_place():
    draw = np.random.default_rng(0).normal(size=(50, 3))
    draw[3, 1] = np.nan
    data = TableRows(draw, batch_size=5).prepare()
    assert data.encoder_arguments() == {"numbers": 3, "categories": []}
    assert data.schema.names() == ["column 0", "column 1", "column 2"]
    batch = next(iter(data.batches()))
    assert sorted(batch) == ["numbers", "present"]


def test_a_row_that_cannot_be_read_is_named_and_left_out(tmp_path, caplog):
    columns = table()
    columns["age"][17] = "abc"
    path = written(tmp_path / "a.csv", columns)
    data = rows_of(path, skip_ratio=0.02).prepare(tmp_path)
    assert "line 19 (age is 'abc', which is no number)" in caplog.text
    assert (tmp_path / "skipped.txt").read_text().startswith("line 19\tage is 'abc'")
    assert len(data.open(path)) == ROWS - 1
    columns["age"][3:9] = ["inf"] * 6
    with pytest.raises(ValueError, match=r"7 of 60 .* line 5 \(age is 'inf', which is not finite"):
        rows_of(written(path, columns), skip_ratio=0.02).prepare()


def test_the_schema_is_kept_with_the_run_and_the_source_not_needed(file, tmp_path):
    first = rows_of(file).prepare(tmp_path)
    again = rows_of("gone.csv")
    again.restore(tmp_path)
    assert again.schema == first.schema
    again = rows_of("gone.csv")
    again.reopen(tmp_path)
    assert again.encoder_arguments() == first.encoder_arguments()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": None}, "b.csv lacks the column 'age' that the encoder was trained on$"),
        ({"age": None, "Age": ["1"] * ROWS}, "it has 'Age', which the encoder does not know"),
        ({"age": ["old"] * ROWS}, "line 2, column 'age': 'old' is of another kind: .* on numbers"),
        ({"since": ["1"] * ROWS}, "line 2, column 'since': '1' is of another kind: .* on dates"),
        ({"job": ["7", "8"] * 30}, "column 'job': '7' is of another kind: .* such as "),
    ],
)
def test_a_table_with_other_columns_is_refused_by_name(file, tmp_path, changes, words):
    columns = {name: cells for name, cells in table(**changes).items() if cells is not None}
    other = written(tmp_path / "b.csv", columns)
    with pytest.raises(ValueError, match=words):
        rows_of(file).open(other)


def test_labels_that_the_encoder_sees_are_refused(file):
    data = rows_of(file, label_column=None)
    assert "class" in data.schema.names()
    with pytest.raises(ValueError, match="'class' is an input of the encoder"):
        data.open(file, label_column="class")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"label_column": "income"}, "no column 'income': set label_column to one of age"),
        ({"ignore": ["income"]}, "no column 'income', of data.ignore"),
        ({"decimal": ";"}, "decimal must be"),
        ({"most_values": 0}, "most_values=0"),
        ({"split": "dev"}, "no rows to train on"),
        ({"source": "gone.csv"}, "gone.csv does not exist"),
        ({"source": 5}, "neither a path"),
        ({"source": np.zeros(4)}, r"shape \(4,\)"),
    ],
)
def test_what_does_not_fit_is_refused(file, options, words):
    with pytest.raises(ValueError, match=words):
        rows_of(**{"source": file, **options}).prepare()


def test_people_read_what_stood_in_the_file(file):
    data = rows_of(file).prepare()
    source = data.open(file)
    columns = table()
    for row in (0, 7, 19):
        expected = {name: columns[name][row] for name in ("age", "since", "job")}
        assert dict(data.cells(source, row)) == expected
    assert data.preview(source, 0).startswith(f"age: {columns['age'][0]}, since: 2010-01-01, job: ")


def test_memory_follows_a_chunk_and_not_the_file(tmp_path, monkeypatch):
    most = []
    code = opening.Coder.code

    def coded(self, names, columns):
        most.append(len(names))
        return code(self, names, columns)

    monkeypatch.setattr(opening.Coder, "code", coded)
    monkeypatch.setattr("mmssl.pipelines.tables.delimited.ROWS", 16)
    path = written(tmp_path / "a.csv", table())
    source = rows_of(path).open(path)
    assert (len(source), max(most)) == (ROWS, 16)
    assert isinstance(source.content, np.memmap)


def test_the_schema_of_a_damaged_run_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"schema.json does not exist"):
        Schema.read(tmp_path)
    (tmp_path / "schema.json").write_text('{"columns": [{"name": "a", "kind": "color"}]}')
    with pytest.raises(ValueError, match=r"schema.json is damaged: the column 'a'"):
        Schema.read(tmp_path)


def test_the_built_in_table_has_gaps_categories_and_three_groups():
    columns = make()
    assert np.isnan(columns["income"]).any()
    assert (columns["job"] == "").any()
    assert len(set(columns["label"])) == 3
    data = TableRows(batch_size=8).prepare()
    assert data.schema.names() == [
        *("age", "income", "visits", "distance", "since", "job", "town", "member")
    ]
