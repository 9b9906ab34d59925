"""Functions of source trees as items, and pairs of them."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.code.extraction import GONE, LARGE, NOT_UTF8, functions_of
from mmssl.pipelines.code.function import NOT_PARSED
from mmssl.pipelines.code.functions import holds_files, open_functions
from mmssl.pipelines.code.paired_functions import paired_functions, split_by

FUNCTION = '''def {name}({argument}):
    """{told}"""
    {argument}_total = {argument} + 1
    return {name}_helper({argument}_total)
'''
SIDES = ("code", "query")


def function(name, argument, told="Does something with {}."):
    return FUNCTION.format(name=name, argument=argument, told=told.format(argument))


@pytest.fixture
def tree(tmp_path):
    for number in range(10):
        package = tmp_path / "src" / f"package_{number}"
        package.mkdir(parents=True)
        text = function(f"function_number_{number}", f"value_{number}")
        (package / "module.py").write_text(text, encoding="utf-8")
    return tmp_path / "src"


def read(source, index):
    return source.read(tf.constant(index, tf.int64)).numpy().decode()


def test_items_are_functions_named_by_file_and_line(tree):
    (tree / "package_0" / "module.py").write_text("\n\nclass A:\n    def b(self): pass\n")
    source = open_functions(str(tree))
    assert source.names[0] == "package_0/module.py:4 A.b"
    assert read(source, 0) == "def b(self):\n    pass"
    assert source.columns["package"].tolist()[:2] == ["package_0", "package_1"]
    assert source.columns["kind"].tolist()[:2] == ["without documentation of three words", "taken"]
    assert source.columns["documentation"][1] == "Does something with value_1."


def test_files_that_cannot_be_read_are_left_out_with_the_reason(tree):
    (tree / "latin.py").write_bytes(b"# caf\xe9\n")
    (tree / "old.py").write_text("print 'a'\n")
    (tree / "large.py").write_bytes(b"#" * (2**20 + 1))
    source = open_functions(str(tree))
    assert len(source) == 10
    assert sorted(source.left_out) == [
        ("large.py", LARGE),
        ("latin.py", NOT_UTF8),
        ("old.py", NOT_PARSED),
    ]
    with pytest.raises(ValueError, match=GONE):
        functions_of(tree / "none.py")


def test_what_was_read_is_kept_until_a_file_changes(tree):
    before = open_functions(str(tree))
    (tree / "package_3" / "module.py").write_text(function("other", "thing") + "\n")
    after = open_functions(str(tree))
    changed = [a != b for a, b in zip(before.names, after.names, strict=True)]
    assert np.flatnonzero(changed).tolist() == [3]
    assert before.fingerprint() == open_functions(str(tree)).fingerprint() or changed


def test_a_folder_without_functions_is_refused(tmp_path):
    (tmp_path / "empty.py").write_text("a = 1\n")
    with pytest.raises(ValueError, match="no function"):
        open_functions(str(tmp_path))


@pytest.mark.parametrize(
    ("spec", "files"),
    [("builtin:code", True), ("src", True), ("src/*.py", True), ("a.jsonl", False), (["a"], False)],
)
def test_sources_of_files_are_told_from_texts(spec, files):
    assert holds_files(spec) == files


def paired(tree, name_queries=0.0):
    return paired_functions(open_functions(str(tree)), SIDES, name_queries)


def test_pairs_leave_out_what_tells_nothing(tree):
    more = [
        function("test_all", "a"),
        function("__init__", "b"),
        function("short_words", "c", "Two {}."),
        "def bare(d):\n    '''Has too few lines.'''\n    return d\n",
        function("function_number_1", "value_1"),
    ]
    (tree / "package_9" / "z.py").write_text("\n".join(more))
    source = open_functions(str(tree))
    assert source.columns["kind"].tolist()[10:] == [
        "tests",
        "special methods",
        "without documentation of three words",
        "of fewer than three lines",
        "near duplicates",
    ]
    assert len(paired(tree)) == 10


def test_halves_of_a_pair_belong_together(tree):
    pairs = paired(tree)
    code, query = pairs.halves["code"], pairs.halves["query"]
    for row in range(len(pairs)):
        assert f"value_{row}" in read(code.source, code.items[row])
        assert read(query.source, query.items[row]) == f"Does something with value_{row}."


def test_equal_documentation_is_one_item(tree):
    for number in (2, 5):
        path = tree / f"package_{number}" / "module.py"
        path.write_text(function(f"function_number_{number}", f"v_{number}", "Does the same."))
    items = paired(tree).halves["query"].items
    assert items[2] == items[5]
    assert len(np.unique(items)) == 9


def test_a_long_name_makes_a_second_pair_with_code_that_lacks_it(tree):
    pairs = paired(tree, 1.0)
    trained = (pairs.splits == "train").sum()
    assert len(pairs) == 10 + trained // 2
    assert (pairs.splits[10:] == "train").all()
    code, query = (half.source for half in pairs.halves.values())
    row = int(pairs.names[10].split("_")[1].split("/")[0])
    assert read(query, pairs.halves["query"].items[10]) == f"function number {row}"
    assert f"function_number_{row}(" not in read(code, 10)
    assert f"function_number_{row}_helper(" in read(code, 10)
    assert f"function_number_{row}(" in read(code, row)


def test_a_package_is_in_one_split_and_a_fifth_in_test():
    packages = np.repeat([f"p{i}" for i in range(50)], np.arange(50) % 7 + 1)
    splits = split_by(packages)
    for package in np.unique(packages):
        assert len(set(splits[packages == package])) == 1
    assert 0.17 < (splits == "test").mean() <= 0.2


def test_two_large_packages_have_no_test():
    assert set(split_by(np.repeat(["a", "b"], 50))) == {"train"}
