"""What recipes make of prepared shards is what they make of the data themselves."""

import json

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.preparing.encodings import NAMES, Encoding
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.extensions import AUDIO_EXTENSIONS
from mmssl.pipelines.sources.shard_index import open_index
from mmssl.pipelines.text import TokenBlocks
from tests.pipelines.elements import elements, same
from tests.pipelines.preparing.shards import check_same, crops, prepared, windows


@pytest.mark.parametrize("name", NAMES["audio"])
def test_shards_of_sounds_give_the_batches_of_the_folder(sounds, tmp_path, name):
    encoding = Encoding("audio", name, 8000 if name == "pcm" else None)
    done = prepared(sounds, tmp_path, encoding, label_column="folder")
    assert (done.written, done.manifest["items"], done.manifest["left_out"]) == (3, 14, [])
    found = check_same(windows, str(sounds), tmp_path, label_column="folder")
    assert set(found.items.labels) == {"a", "b"}
    again = open_source(tmp_path, AUDIO_EXTENSIONS, label_column="folder")
    assert again.labels.tolist() == found.items.labels.tolist()


@pytest.mark.parametrize("name", ["same", "pixels"])
def test_shards_of_pictures_give_the_batches_of_the_folder(pictures, tmp_path, name):
    prepared(pictures, tmp_path, Encoding("images", name), labels=str(pictures / "labels.tsv"))
    found = check_same(crops, str(pictures), tmp_path, labels=str(pictures / "labels.tsv"))
    assert (len(found.items), set(found.items.splits)) == (8, {"train"})
    assert same(elements(found), elements(crops(str(tmp_path), cache=False).prepare()))


def test_shards_of_texts_give_the_batches_of_the_table(texts, tmp_path):
    prepared(texts, tmp_path, Encoding("text"))

    def blocks(source):
        return TokenBlocks(source, length=8, vocabulary_size=280, batch_size=2)

    check_same(blocks, str(texts), tmp_path)


def test_an_index_leaves_names_and_places_on_the_disk(tmp_path):
    many = [f"text {i}" for i in range(9000)]
    (tmp_path / "many.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in many))
    prepared(tmp_path / "many.jsonl", tmp_path / "out", Encoding("text"), 1)
    source = open_source(tmp_path / "out", (".txt",))
    index = source.index
    for array in (index.records, index.names.data):
        while array.base is not None and not isinstance(array, np.memmap):
            array = array.base
        assert isinstance(array, np.memmap)
    assert (source.names[899], len(source.select([5, 7]).names)) == ("line 900", 2)


def test_records_are_read_by_other_programs_with_the_stated_features(pictures, tmp_path):
    prepared(pictures, tmp_path, Encoding("images", "pixels"), 1)
    manifest = open_index(tmp_path).manifest
    features = {
        name: tf.io.FixedLenFeature(spec["shape"], tf.as_dtype(spec["dtype"]))
        for name, spec in manifest["features"].items()
    }
    records = tf.data.TFRecordDataset(str(tmp_path / "part-00000-of-00001.tfrecord"))
    parsed = [tf.io.parse_single_example(record, features) for record in records]
    assert [p["name"].numpy().decode() for p in parsed] == sorted(
        path.name for path in pictures.iterdir() if path.suffix != ".tsv"
    )
    first = tf.reshape(tf.io.decode_raw(parsed[0]["content"], tf.uint8), parsed[0]["shape"])
    assert first.shape == (20, 31, 3)
