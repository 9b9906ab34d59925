"""Tables of files, texts and labels."""

import json
import tracemalloc

import numpy as np
import pytest

from mmssl.pipelines.sources.tables import listed, match_files, read_table, read_texts


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_tsv_keeps_quotes_blanks_and_other_scripts_as_they_are(tmp_path):
    path = write(tmp_path, "t.tsv", 'file\tlabel\na.wav\t"quoted" \nb.wav\tÜbung\u2028犬\n')
    columns = read_table(path)
    assert columns["file"].tolist() == ["a.wav", "b.wav"]
    assert columns["label"].tolist() == ['"quoted" ', "Übung\u2028犬"]


def test_tsv_of_another_system_reads_the_same(tmp_path):
    path = write(tmp_path, "t.tsv", "\ufefffile\tlabel\r\na.wav\tx\r\n\r\n")
    assert {k: v.tolist() for k, v in read_table(path).items()} == {
        "file": ["a.wav"],
        "label": ["x"],
    }


def test_jsonl_gives_every_key_a_column(tmp_path):
    path = write(tmp_path, "t.jsonl", '{"file": "a", "n": 3}\n\n{"file": "b\\tc", "label": "x"}\n')
    columns = read_table(path)
    assert columns["n"].tolist() == ["3", ""]
    assert columns["file"].tolist() == ["a", "b\tc"]


@pytest.mark.parametrize(
    ("name", "text", "encoding", "message"),
    [
        ("t.csv", "file,label\n", "utf-8", "not a table"),
        ("t.tsv", "", "utf-8", "no rows"),
        ("t.tsv", "file\tlabel\n", "utf-8", "no rows"),
        ("t.tsv", "file\tlabel\na\tb\nc\n", "utf-8", "line 3 has 1 fields, the header has 2"),
        ("t.tsv", "file\tlabel\na\tä\n", "latin-1", "line 2 is not UTF-8"),
        ("t.tsv", "file\tlabel\na\tb\n", "utf-16", "line 1 is not UTF-8"),
        ("t.tsv", "file\ra.wav\rb.wav\r", "utf-8", "ends its lines with CR alone"),
        ("t.tsv", "file\tlabel\tlabel\na\tb\tc\n", "utf-8", "more than one column named 'label'"),
        ("t.tsv", "\nfile\na\n", "utf-8", "line 1 is empty"),
        (
            "t.jsonl",
            '{"file": "a", "label": "\\ud83d"}\n',
            "utf-8",
            "line 1 has half of a surrogate",
        ),
        ("t.jsonl", f'{{"a": {"1" * 5000}}}\n', "utf-8", "line 1 is not valid JSON"),
        ("t.jsonl", "[" * 100000 + "\n", "utf-8", "line 1 is not valid JSON"),
        ("t.jsonl", '{"a": 1}\n{"a":\n', "utf-8", "line 2 is not valid JSON"),
        ("t.jsonl", "[1]\n", "utf-8", "line 1 is not a JSON object"),
    ],
)
def test_a_table_that_does_not_fit_is_named_with_its_line(tmp_path, name, text, encoding, message):
    path = write(tmp_path, name, text, encoding)
    with pytest.raises(ValueError, match=message) as error:
        read_table(path)
    assert str(path) in str(error.value)


def test_null_and_missing_values_are_no_text_and_numbers_are_their_digits(tmp_path):
    rows = ['{"file": "a", "n": null}', '{"file": "b", "n": NaN}', '{"file": "c"}', '{"n": 0.5}']
    columns = read_table(write(tmp_path, "t.jsonl", "\n".join(rows)))
    assert columns["n"].tolist() == ["", "", "", "0.5"]
    assert columns["file"].tolist() == ["a", "b", "c", ""]


def test_a_column_of_objects_is_left_out_and_named_with_its_line(tmp_path, caplog):
    rows = ['{"file": "a", "meta": null}', '{"file": "b", "meta": {"x": 1}}', '{"file": "c"}']
    path = write(tmp_path, "t.jsonl", "\n".join(rows))
    assert read_table(path).keys() == {"file"}
    assert f"left out the column 'meta' of {path}: line 2 has a list or an object" in caplog.text


def test_rows_without_text_are_left_out_counted_and_named_and_others_keep_their_lines(
    tmp_path, caplog
):
    texts = ['"one"', "null", '""', '" \\n"', "5", '["two"]', '{"a": "three"}', '"None"']
    lines = [f'{{"text": {text}, "label": "x"}}' for text in texts] + ["", '{"label": "y"}']
    path = write(tmp_path, "t.jsonl", "\n".join(lines))
    columns, names = read_texts(path)
    assert columns["text"].tolist() == ["one", "None"]
    assert columns["label"].tolist() == ["x", "x"]
    assert names == ["line 1", "line 8"]
    assert f"left out 7 of 9 rows of {path}" in caplog.text
    assert "line 2, line 3, line 4, line 5, line 6, line 7, line 10" in caplog.text


def test_a_table_of_rows_without_text_is_refused(tmp_path):
    path = write(tmp_path, "t.jsonl", '{"text": null}\n' * 3)
    with pytest.raises(ValueError, match=r"no row of the table .*t\.jsonl has a text"):
        read_texts(path)


def test_a_table_of_one_column_and_names_of_the_lines_of_another(tmp_path):
    columns, names = read_texts(write(tmp_path, "t.tsv", 'text\r\n"a" b\rc\r\n\r\n"\r\n'))
    assert columns["text"].tolist() == ['"a" b\rc', '"']
    assert names == ["line 2", "line 4"]


@pytest.mark.parametrize("kind", ["tsv", "jsonl"])
def test_memory_follows_the_bytes_of_a_table_and_not_its_longest_row(tmp_path, kind):
    rows = ["short"] * 3000 + ["x" * 1_000_000]
    if kind == "jsonl":
        lines = [json.dumps({"text": row, "label": "a"}) for row in rows]
    else:
        lines = ["text\tlabel", *(f"{row}\ta" for row in rows)]
    path = write(tmp_path, f"t.{kind}", "\n".join(lines))
    tracemalloc.start()
    columns = read_table(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(columns["text"][-1]) == 1_000_000
    assert peak < 10 * path.stat().st_size


def test_columns_are_compared_selected_and_counted_as_arrays(tmp_path):
    path = write(tmp_path, "t.tsv", "text\tlabel\nA text.\tb\nOne more.\ta\nThe last.\tb\n")
    label = read_table(path)["label"]
    assert (label == "b").tolist() == [True, False, True]
    assert np.unique(label).tolist() == ["a", "b"]
    assert label[[2, 1]].tolist() == ["b", "a"]


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.tsv does not exist"):
        read_table(tmp_path / "nowhere.tsv")


def test_files_match_relative_to_the_table_or_to_the_source(tmp_path):
    (tmp_path / "train").mkdir()
    for name in ("a.wav", "b.wav", "c.wav"):
        (tmp_path / "train" / name).touch()
    (tmp_path / "other.wav").touch()
    names, root = ["a.wav", "b.wav", "c.wav"], tmp_path / "train"
    column = np.array(["train/b.wav", "other.wav", "./a.wav"])
    rows = match_files(tmp_path / "labels.tsv", column, names, root)
    assert rows.tolist() == [2, 0, -1]


def test_a_table_that_names_missing_or_repeated_files_is_refused(tmp_path):
    (tmp_path / "a.wav").touch()
    table = tmp_path / "labels.tsv"
    with pytest.raises(ValueError, match=r"lists 1 files that do not exist: gone\.wav"):
        match_files(table, np.array(["a.wav", "gone.wav"]), ["a.wav"], tmp_path)
    with pytest.raises(ValueError, match=r"lists a\.wav twice"):
        match_files(table, np.array(["a.wav", "a.wav"]), ["a.wav"], tmp_path)
    with pytest.raises(ValueError, match="lists none of the 1 items"):
        match_files(table, np.array(["a.wav"]), ["b.wav"], tmp_path)


def test_a_long_list_is_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed(range(23), limit=3) == "0, 1, 2 and 20 more"


@pytest.mark.parametrize("kind", ["tsv", "jsonl"])
def test_texts_stay_in_the_file_and_are_read_when_they_are_asked_for(tmp_path, kind):
    texts = ["\u00e9t\u00e9 " * 9, "second", "x" * 3_000_000, "last"]
    if kind == "jsonl":
        lines = [json.dumps({"label": "a", "text": text}) for text in texts]
    else:
        lines = ["\t\ttext", *(f"a\tb\t{text}" for text in texts)]
    path = write(tmp_path, f"t.{kind}", "\r\n".join(lines), "utf-8-sig")
    tracemalloc.start()
    columns, _ = read_texts(path)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 100_000
    assert columns["text"].tolist() == texts


def test_a_table_that_was_written_over_since_is_named(tmp_path):
    path = write(tmp_path, "t.tsv", "label\ttext\na\tone\nb\ttwo\n")
    columns, _ = read_texts(path)
    path.write_text("label\n" * 9)
    with pytest.raises(ValueError, match=r"t\.tsv changed since it was opened"):
        columns["text"][1]
