"""Where the data come from."""

import os

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources import Source, open_source

WAV = (".wav", ".flac")
TXT = (".txt",)


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def contents(source):
    read = tf.function(source.read, [tf.TensorSpec([], tf.int64)])
    return [read(tf.constant(i, tf.int64)).numpy().decode() for i in range(len(source))]


def test_a_folder_is_searched_to_its_depths_in_sorted_order(tmp_path):
    make(tmp_path, "b.wav", "a/z.WAV", "a/b/c.flac", "notes.txt", ".hidden.wav", ".git/x.wav")
    source = open_source(tmp_path, WAV)
    assert source.names == ["a/b/c.flac", "a/z.WAV", "b.wav"]
    assert contents(source) == source.names
    assert source.labels is None
    assert source.splits is None


def test_a_folder_may_be_given_by_a_link(tmp_path):
    make(tmp_path / "elsewhere", "a.wav")
    os.symlink(tmp_path / "elsewhere", tmp_path / "linked")
    assert open_source(tmp_path / "linked", WAV).names == ["a.wav"]
    assert open_source(f"{tmp_path}/linked/*.wav", WAV).names == ["a.wav"]


def test_a_glob_takes_what_it_matches(tmp_path):
    make(tmp_path, "x/a.wav", "x/b.txt", "y/c.wav")
    assert open_source(str(tmp_path / "*" / "*"), WAV).names == ["x/a.wav", "y/c.wav"]
    assert open_source(str(tmp_path / "x" / "*.wav"), WAV).names == ["a.wav"]


def test_one_file_is_a_source(tmp_path):
    make(tmp_path, "a.wav", "b.wav")
    assert open_source(tmp_path / "a.wav", WAV).names == ["a.wav"]


def test_a_folder_without_matching_files_says_what_it_holds(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "README")
    with pytest.raises(
        ValueError, match=r"no file with an extension \.wav, \.flac under .*2 \.jpg"
    ):
        open_source(tmp_path, WAV)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="found nothing"):
        open_source(tmp_path / "empty", WAV)


def test_a_text_file_given_to_an_audio_recipe_is_refused(tmp_path):
    make(tmp_path, "a.txt")
    with pytest.raises(ValueError, match=r"a\.txt is not a file that this recipe reads"):
        open_source(tmp_path / "a.txt", WAV)
    with pytest.raises(ValueError, match="matches 1 files, none of them with an extension"):
        open_source(str(tmp_path / "*.txt"), WAV)
    with pytest.raises(ValueError, match="builtin:docs has no data for a recipe that reads"):
        open_source("builtin:docs", WAV)


def test_a_source_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere does not exist .*builtin:speech"):
        open_source(tmp_path / "nowhere", WAV)
    with pytest.raises(
        ValueError, match="the built-in data are docs, motion, photos, shapes, speech"
    ):
        open_source("builtin:music", WAV)
    with pytest.raises(ValueError, match="the source 7 is neither a path"):
        open_source(7, WAV)


def test_labels_and_splits_come_from_a_table(tmp_path):
    make(tmp_path, "d/a.wav", "d/b.wav", "d/c.wav")
    table = tmp_path / "labels.tsv"
    table.write_text("file\tfold\tword\nd/c.wav\ttest\tno\nd/a.wav\ttrain\tyes\n")
    source = open_source(tmp_path / "d", WAV, table, "word", "fold")
    assert source.names == ["a.wav", "c.wav"]
    assert source.labels.tolist() == ["yes", "no"]
    assert source.splits.tolist() == ["train", "test"]
    assert contents(source) == ["d/a.wav", "d/c.wav"]


def test_the_columns_label_and_split_are_found_by_themselves(tmp_path):
    make(tmp_path, "a.wav")
    table = tmp_path / "labels.jsonl"
    table.write_text('{"file": "a.wav", "label": 3, "split": "val"}\n')
    source = open_source(tmp_path, WAV, table)
    assert (source.labels.tolist(), source.splits.tolist()) == (["3"], ["val"])


def test_a_label_table_that_does_not_fit_is_refused(tmp_path):
    make(tmp_path, "a.wav")
    table = tmp_path / "labels.tsv"
    table.write_text("file\tword\na.wav\tyes\n")
    with pytest.raises(ValueError, match="no column 'label': set label_column to one of file, w"):
        open_source(tmp_path, WAV, table)
    with pytest.raises(ValueError, match="no column 'part': set split_column"):
        open_source(tmp_path, WAV, table, "word", "part")
    table.write_text("file\tlabel\na.wav\tyes\ngone.wav\tno\n")
    with pytest.raises(ValueError, match=r"files that do not exist: gone\.wav"):
        open_source(tmp_path, WAV, table)
    table.write_text("name\tlabel\na.wav\tyes\n")
    with pytest.raises(ValueError, match="expected a column `file`"):
        open_source(tmp_path, WAV, table)
    with pytest.raises(ValueError, match="source has no columns; give labels="):
        open_source(tmp_path, WAV, label_column="word")


def test_one_folder_a_class(tmp_path):
    make(tmp_path, "train/cat/1.wav", "train/dog/1.wav", "test/cat/2.wav")
    source = open_source(tmp_path, WAV, label_column="folder")
    assert source.labels.tolist() == ["cat", "cat", "dog"]
    assert source.splits.tolist() == ["test", "train", "train"]
    source = open_source(tmp_path / "train", WAV, label_column="folder")
    assert source.labels.tolist() == ["cat", "dog"]
    assert source.splits is None
    make(tmp_path, "train/3.wav")
    with pytest.raises(ValueError, match=r"not in such a folder: 3\.wav"):
        open_source(tmp_path / "train", WAV, label_column="folder")


def test_a_table_of_files_is_a_source(tmp_path):
    make(tmp_path, "d/a.wav", "d/b.wav")
    table = tmp_path / "index.tsv"
    table.write_text("file\tlabel\nd/b.wav\tx\nd/a.wav\ty\n")
    source = open_source(table, WAV)
    assert contents(source) == ["d/b.wav", "d/a.wav"]
    assert source.labels.tolist() == ["x", "y"]
    table.write_text("file\nd/b.wav\nd/gone.wav\n")
    with pytest.raises(ValueError, match=r"lists 1 missing files: .*gone\.wav"):
        open_source(table, WAV)
    table.write_text("file\nd/b.jpg\n")
    with pytest.raises(ValueError, match=r"lists files without an extension .*b\.jpg"):
        open_source(table, WAV)


def test_a_table_of_texts_is_a_source(tmp_path):
    table = tmp_path / "texts.tsv"
    table.write_text("split\tlabel\ttext\ntrain\tx\tHallo Welt\ntest\ty\tπ\n", encoding="utf-8")
    source = open_source(table, TXT)
    assert contents(source) == ["Hallo Welt", "π"]
    assert source.names == ["line 2", "line 3"]
    assert source.splits.tolist() == ["train", "test"]
    with pytest.raises(ValueError, match="expected a column `file`"):
        open_source(table, WAV)


def test_arrays_take_one_label_each():
    source = open_source(np.zeros((3, 4)), WAV, labels=[1, 2, 3])
    assert source.names == ["row 0", "row 1", "row 2"]
    assert source.labels.tolist() == ["1", "2", "3"]
    with pytest.raises(ValueError, match=r"labels has shape .* for 3 items"):
        open_source(np.zeros((3, 4)), WAV, labels=[1, 2])


def test_a_selection_keeps_everything_in_step(tmp_path):
    make(tmp_path, *(f"{i}.wav" for i in range(6)))
    source = open_source(tmp_path, WAV, labels=list("abcdef"))
    chosen = source.select([5, 0, 3]).select(np.array([True, False, True]))
    assert chosen.names == contents(chosen) == ["5.wav", "3.wav"]
    assert chosen.labels.tolist() == ["f", "d"]
    assert chosen.columns["label"].tolist() == ["f", "d"]
    assert chosen.fingerprint() != source.fingerprint()
    assert chosen.fingerprint() == source.select([5, 3]).fingerprint()


def test_a_source_passes_through_and_is_not_changed_by_labels():
    source = Source(["a", "b"], lambda i: tf.constant(""), labels=np.array(["x", "y"]))
    assert open_source(source, WAV) is source
    labeled = open_source(source, WAV, labels=["u", "v"])
    assert labeled.labels.tolist() == ["u", "v"]
    assert source.labels.tolist() == ["x", "y"]
    assert source.columns == {}


def test_an_archive_and_idx_files_are_sources(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 2, 2), np.uint8), y=[0, 1, 0])
    source = open_source(tmp_path / "a.npz", (".png",))
    assert source.labels.tolist() == ["0", "1", "0"]
    header = bytes([0, 0, 8, 3]) + np.array([2, 2, 2], ">u4").tobytes()
    (tmp_path / "idx").mkdir()
    (tmp_path / "idx" / "train-images-idx3-ubyte").write_bytes(header + bytes(range(8)))
    source = open_source(tmp_path / "idx", (".png",))
    assert source.read(tf.constant(1, tf.int64)).numpy().tolist() == [[4, 5], [6, 7]]
