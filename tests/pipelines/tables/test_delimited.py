"""CSV and TSV files: quotes, ends of lines, encodings, and rows that are not whole."""

import pytest

from mmssl.pipelines.tables import delimited
from mmssl.pipelines.tables.delimited import Delimited


def read(path, data):
    """Returns the columns by name, the names of the rows, and the rows that are left out."""
    path.write_bytes(data)
    file = Delimited(path)
    [(names, columns, bad)] = file.chunks()
    return dict(zip(file.columns, columns, strict=True)), names, bad


def test_quotes_hold_commas_newlines_and_quotes(tmp_path):
    data = b'a,b\n"1,5","x\ny"\n2,"say ""no"""\n'
    columns, names, bad = read(tmp_path / "a.csv", data)
    assert columns == {"a": ["1,5", "2"], "b": ["x\ny", 'say "no"']}
    assert (names, bad) == (["line 2", "line 4"], [])


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa,b\r\n1, x \r\n\r\n",
        b"a;b\n1;x\n",
        b"a\tb\n1\tx",
        b"a|b\n1|x\n",
        b" a , b \n 1 ,x\n",
    ],
)
def test_marks_of_order_blank_lines_and_other_delimiters_change_nothing(tmp_path, data):
    columns, names, _ = read(tmp_path / "a.csv", data)
    assert columns == {"a": ["1"], "b": ["x"]}
    assert names == ["line 2"]


def test_a_tsv_has_no_quotes(tmp_path):
    columns, _, _ = read(tmp_path / "a.tsv", b'size\tb\n5"\t"x\n')
    assert columns == {"size": ['5"'], "b": ['"x']}


def test_rows_of_another_length_are_told_and_left_out(tmp_path):
    columns, names, bad = read(tmp_path / "a.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert columns == {"a": ["1", "7"], "b": ["2", "8"]}
    assert names == ["line 2", "line 5"]
    reason = "fields, and line 1 has 2"
    assert bad == [("line 3", f"1 {reason}"), ("line 4", f"3 {reason}")]


def test_a_column_without_a_name_gets_one(tmp_path):
    columns, _, _ = read(tmp_path / "a.csv", b",b\n0,x\n")
    assert columns == {"column 1": ["0"], "b": ["x"]}


def test_a_file_is_read_a_chunk_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROWS", 2)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3\n4,5\n6,7\n")
    chunks = list(Delimited(path).chunks())
    assert [names for names, _, _ in chunks] == [["line 2"], ["line 4", "line 5"]]
    assert [len(bad) for _, _, bad in chunks] == [1, 0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a.csv is empty"),
        (b"a,a\n1,2\n", "more than one column named 'a'"),
        (b"39,x\n40,y\n", "line 1 holds '39', which is data"),
        (b"a,b\n1,\xe9\n", "line 2 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16"),
        (b"a,b\n1,\0\n", "line 2 has a zero byte"),
        (b'a,b\n1,2\n3,"x\n', "line 3: a quoted field that begins here has no end"),
        (b'a,b\n1,"x"y\n', "line 2: a quoted field goes on behind"),
        (b"a,b\r1,2\r", "CR alone"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "longer than 131072"),
    ],
)
def test_what_is_no_table_is_refused_by_its_line(tmp_path, data, words):
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "a.csv", data)


def test_a_line_without_an_end_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "LONGEST", 20)
    with pytest.raises(ValueError, match="line 2 is longer than 20 bytes"):
        read(tmp_path / "a.csv", b"a,b\n" + b"1" * 30)
