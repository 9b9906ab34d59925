"""Several sources taken as one."""

import pytest

from mmssl.pipelines.sources import open_source
from tests.pipelines.sources.test_source import TXT, WAV, contents, make


def table(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_folders_globs_and_files_are_taken_together_with_names_that_tell_them_apart(tmp_path):
    make(tmp_path, "one/a.wav", "one/b.wav", "two/a.wav", "three.wav")
    specs = [str(tmp_path / "one"), str(tmp_path / "t*" / "*"), tmp_path / "three.wav"]
    source = open_source(specs, WAV)
    assert source.names == contents(source) == ["one/a.wav", "one/b.wav", "two/a.wav", "three.wav"]
    assert source.request["source"] == specs
    assert open_source(tuple(specs), WAV).names == source.names


def test_a_file_that_two_sources_hold_is_taken_once(tmp_path):
    make(tmp_path, "a/x.wav", "a/b/y.wav")
    source = open_source([str(tmp_path / "a" / "b"), str(tmp_path / "a")], WAV)
    assert source.names == ["b/y.wav", "x.wav"]


def test_columns_of_all_are_kept_and_items_without_a_split_are_to_train_on(tmp_path):
    make(tmp_path, "d/a.wav", "d/b.wav", "e/c.wav", "f/g.wav")
    one = table(tmp_path / "d.tsv", "file\tlabel\tsplit\nd/a.wav\tx\ttest\nd/b.wav\ty\ttrain\n")
    two = table(tmp_path / "e.tsv", "file\tsplit\tlabel\te\ne/c.wav\ttest\tz\t1\n")
    source = open_source([one, two], WAV)
    assert source.names == contents(source) == ["d/a.wav", "d/b.wav", "e/c.wav"]
    assert source.labels.tolist() == ["x", "y", "z"]
    assert source.splits.tolist() == ["test", "train", "test"]
    assert sorted(source.columns) == ["file", "label", "split"]
    source = open_source([one, str(tmp_path / "f")], WAV)
    assert source.splits.tolist() == ["test", "train", "train"]
    assert source.labels is None


def test_a_list_of_texts_stays_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "a.txt", "b.txt")
    assert contents(open_source(["Hello?", "good [old] * world"], TXT)) == [
        "Hello?",
        "good [old] * world",
    ]
    assert contents(open_source(["a.txt", "b.t*t"], TXT)) == ["a.txt", "b.txt"]
    with pytest.raises(ValueError, match=r"1 of the 2 entries .* these are not: nowhere\.txt"):
        open_source(["a.txt", "nowhere.txt"], TXT)


def test_what_cannot_be_taken_together_is_refused(tmp_path):
    make(tmp_path, "a.wav")
    with pytest.raises(ValueError, match="only files can be combined"):
        open_source([str(tmp_path / "a.wav"), "builtin:speech"], WAV)
    with pytest.raises(ValueError, match="nowhere does not exist"):
        open_source([str(tmp_path / "a.wav"), str(tmp_path / "nowhere")], WAV)
