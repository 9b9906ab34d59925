"""What a run on a table is used for: vectors, a search, a report that a person can read."""

import csv

import numpy as np
import pytest

from mmssl.apply.embed import embed_files
from mmssl.evaluation import LabeledData
from mmssl.evaluation.report.neighbors import neighbor_rows
from mmssl.pipelines.tables.builtin import make
from mmssl.runs import Run
from mmssl.search import Index
from tests.tiny_runs import tiny_run
from tests.tolerances import SUM, assert_close


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    trained = tiny_run("scarf", tmp_path_factory)
    return Run.load(trained.folder)


@pytest.fixture
def customers(tmp_path):
    """The built-in table as a file, and its rows."""
    columns = {name: cells[:40].astype(str) for name, cells in make().items()}
    path = tmp_path / "customers.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def test_a_file_has_the_vectors_of_its_rows(run, customers, tmp_path):
    out = tmp_path / "vectors.npz"
    assert embed_files(run, [str(customers)], out, whiten="none") == (40, 16)
    with np.load(out) as archive:
        assert archive["names"].tolist() == [f"line {i}" for i in range(2, 42)]
        expected = next(run.data.examples(run.data.open("builtin:customers")).as_numpy_iterator())
        found = run.encoder({name: values[:40] for name, values in expected.items()})
        assert_close(archive["vectors"], found["embedding"], SUM)


def test_a_column_with_another_name_is_refused(run, customers, tmp_path):
    customers.write_text(customers.read_text().replace("age,", "Age,", 1))
    with pytest.raises(ValueError, match=r"lacks the column 'age' .* it has 'Age'"):
        embed_files(run, [str(customers)], tmp_path / "vectors.npz")


def test_rows_are_searched_by_rows(run, customers, tmp_path):
    index = Index.build(run, str(customers), tmp_path / "rows.index")
    query = tmp_path / "query.csv"
    lines = customers.read_text().splitlines()
    query.write_text(f"{lines[0]}\n{lines[7]}\n")
    [found] = index.search([str(query)], 3)
    assert found.matches[0].name == "line 8"


def test_people_read_the_cells_of_neighbors(run, customers):
    source = run.data.open(customers)
    html = neighbor_rows(run.data, source, np.random.default_rng(0).normal(size=(40, 4)))
    assert '<span class="soft">job</span> ' in html


def test_held_out_labels_are_probed_by_the_columns_of_the_table(run):
    _, split = LabeledData().or_own(run.data).open(run.data)
    assert (len(split.train), len(split.test)) == (1920, 480)
    assert set(split.test.labels) == {"family", "retired", "student"}
