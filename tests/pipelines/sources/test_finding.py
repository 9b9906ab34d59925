"""Which files of a folder are read, and how the others are told."""

import logging
import os

import pytest

from mmssl.pipelines.sources import finding, open_source
from mmssl.pipelines.sources.scan import read_skipped
from mmssl.pipelines.text import Passages

WAV = (".wav", ".flac")
TXT = (".txt",)


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"This is the text of {name}.", encoding="utf-8")


def test_links_that_lead_back_are_named_and_no_file_is_found_twice(tmp_path):
    make(tmp_path, "a/1.wav", "b/2.wav")
    os.symlink(".", tmp_path / "latest")
    os.symlink("..", tmp_path / "a" / "up")
    os.symlink("b", tmp_path / "another")
    os.symlink("../b/2.wav", tmp_path / "a" / "2.wav")
    for spec in (tmp_path, f"{tmp_path}/**/*.wav", f"{tmp_path}/*/*.wav"):
        source = open_source(spec, WAV)
        assert source.names == ["a/1.wav", "b/2.wav"], spec
        assert source.left_out == [
            (name, finding.AGAIN) for name in ("a/2.wav", "a/up", "another", "latest")
        ]


def test_a_link_to_what_is_not_found_otherwise_is_followed(tmp_path):
    make(tmp_path, ".store/a1b2", ".store/more/3.wav", "blobs/c3d4")
    make(tmp_path, "clips/4.wav")
    os.symlink("../.store/a1b2", tmp_path / "clips" / "1.wav")
    os.symlink("../blobs/c3d4", tmp_path / "clips" / "2.wav")
    os.symlink("../.store/more", tmp_path / "clips" / "more")
    os.link(tmp_path / "clips" / "4.wav", tmp_path / "clips" / "5.wav")
    source = open_source(tmp_path, WAV)
    names = ["1.wav", "2.wav", "4.wav", "5.wav", "more/3.wav"]
    assert source.names == [f"clips/{name}" for name in names]
    assert source.left_out == []


def test_what_must_not_be_opened_is_left_out_by_name(tmp_path):
    make(tmp_path, "secret/s.wav", "data/good.wav", "data/.hidden.wav", "data/.git/x.wav")
    data = tmp_path / "data"
    os.symlink("/dev/zero", data / "endless.wav")
    os.symlink("../secret/s.wav", data / "out.wav")
    os.symlink("../secret", data / "secret")
    os.symlink("nowhere.wav", data / "broken.wav")
    os.mkfifo(data / "fifo.wav")
    (data / "two\nlines.wav").write_text("x")
    (data / os.fsdecode(b"caf\xe9.wav")).write_text("x")
    for spec in (data, f"{data}/*", f"{data}/**"):
        source = open_source(spec, WAV)
        assert source.names == ["good.wav"]
        assert dict(source.left_out) == {
            "endless.wav": finding.OUT,
            "out.wav": finding.OUT,
            "secret": finding.OUT,
            "broken.wav": finding.BROKEN,
            "fifo.wav": finding.SPECIAL,
            ".hidden.wav": finding.HIDDEN,
            "two\\nlines.wav": finding.NAME,
            "caf\\udce9.wav": finding.NAME,
        }
    (data / "good.wav").unlink()
    with pytest.raises(ValueError, match=r"found .*left out 3, each a link out of the folder: end"):
        open_source(data, WAV)
    with pytest.raises(ValueError, match=r"fifo\.wav is not a regular file, but a FIFO"):
        open_source(data / "fifo.wav", WAV)


def test_a_table_lists_each_file_once_and_none_outside_its_folder(tmp_path):
    make(tmp_path, "secret.wav", "data/a.wav", "data/folder.wav/x")
    os.symlink("../secret.wav", tmp_path / "data" / "out.wav")
    os.symlink("a.wav", tmp_path / "data" / "again.wav")
    os.mkfifo(tmp_path / "data" / "fifo.wav")
    table = tmp_path / "data" / "index.tsv"
    for name, reason in {
        "../secret.wav": "outside the table's folder",
        str(tmp_path / "secret.wav"): "outside the table's folder",
        "out.wav": "outside the table's folder",
        "fifo.wav": "not a regular file, but a FIFO",
        "folder.wav": "a folder; list regular files",
        "again.wav": "twice, also as",
        "./a.wav": "twice, also as",
    }.items():
        table.write_text(f"file\na.wav\n{name}\n")
        with pytest.raises(ValueError, match=reason):
            open_source(table, WAV)


def test_kinds_that_are_not_read_are_counted_and_named(tmp_path, caplog):
    make(tmp_path, "1.wav", "song1.m4a", "song2.M4A", "labels.tsv", "README.md", "notes.txt")
    with caplog.at_level(logging.WARNING):
        open_source(tmp_path, WAV)
    assert caplog.messages == ["2 files of kinds that are not read: .m4a"]
    make(tmp_path, "x.opus", "LICENSE")
    told = finding.describe(open_source(tmp_path, WAV).left_out)
    counts = "2 .m4a, 1 without extension, 1 .opus"
    assert told == [f"4 files of kinds that are not read: {counts}"]
    told = finding.describe(open_source([tmp_path / "1.wav", tmp_path], WAV).left_out)
    assert told == [f"4 files of kinds that are not read: {counts}"]


def test_what_lies_beside_the_data_stands_in_the_list_of_what_is_skipped(tmp_path):
    make(tmp_path / "data", *(f"{i}.txt" for i in range(4)), "scan.pdf")
    make(tmp_path / "run", "config.yaml")
    for _ in range(2):  # at the start, and at the resume
        data = Passages(tmp_path / "data", batch_size=2, vocabulary_size=300)
        data.prepare(tmp_path / "run")
        assert data.skipped == []
        assert read_skipped(tmp_path / "run") == [("scan.pdf", finding.KIND)]


def test_letters_with_accents_are_found_in_both_encodings(tmp_path):
    composed, decomposed = "caf\u00e9.wav", "cafe\u0301.wav"
    for folder, there, listed in (("1", composed, decomposed), ("2", decomposed, composed)):
        make(tmp_path / folder, there)
        table = tmp_path / folder / "labels.tsv"
        table.write_text(f"file\tlabel\n{listed}\tx\n", encoding="utf-8")
        assert open_source(table, WAV).names == [there]
        assert open_source(tmp_path / folder, WAV, labels=table).labels.tolist() == ["x"]
    make(tmp_path, composed, decomposed)
    table = tmp_path / "labels.tsv"
    table.write_text(f"file\tlabel\n{composed}\tc\n{decomposed}\td\n", encoding="utf-8")
    source = open_source(f"{tmp_path}/*.wav", WAV, labels=table)
    assert dict(zip(source.names, source.labels, strict=True)) == {composed: "c", decomposed: "d"}
