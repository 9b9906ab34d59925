"""Tables of files, texts and labels."""

import numpy as np
import pytest

from mmssl.pipelines.sources.tables import listed, match_files, read_table


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
        ("t.tsv", "file\tlabel\na\tä\n", "latin-1", "not UTF-8"),
        ("t.jsonl", '{"a": 1}\n{"a":\n', "utf-8", "line 2 is not valid JSON"),
        ("t.jsonl", "[1]\n", "utf-8", "line 1 is not a JSON object"),
    ],
)
def test_a_table_that_does_not_fit_is_named_with_its_line(tmp_path, name, text, encoding, message):
    path = write(tmp_path, name, text, encoding)
    with pytest.raises(ValueError, match=message) as error:
        read_table(path)
    assert str(path) in str(error.value)


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
