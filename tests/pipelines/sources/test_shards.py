"""TFRecord shards."""

import os

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources import Source, open_source, write_shards
from mmssl.pipelines.sources.scan import scan


def texts(count=23):
    strings = [f"text {i} " * (i % 4) for i in range(count)]
    source = open_source(strings, (".txt",))
    source.columns = {"label": np.array([str(i % 3) for i in range(count)])}
    return source, strings


def read_all(source):
    read = tf.function(source.read, [tf.TensorSpec([], tf.int64)])
    return [read(tf.constant(i, tf.int64)).numpy() for i in range(len(source))]


@pytest.mark.parametrize("shards", [1, 4])
def test_what_is_written_reads_back_in_order_with_labels(tmp_path, shards):
    source, strings = texts()
    paths = write_shards(source, tmp_path / "out", shards)
    assert len(paths) == shards
    again = open_source(tmp_path / "out", (".txt",))
    assert read_all(again) == [text.encode() for text in strings]
    assert again.names == source.names
    assert again.labels.tolist() == source.columns["label"].tolist()


def test_numbers_of_other_writers_become_labels(tmp_path):
    path = tmp_path / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for i in range(3):
            features = {
                "image/encoded": tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[b"x" * (i + 1)])
                ),
                "image/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[i])),
                "boxes": tf.train.Feature(float_list=tf.train.FloatList(value=[0.0, 1.0])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    source = open_source(path, (".jpg",), label_column="image/class/label")
    assert read_all(source) == [b"x", b"xx", b"xxx"]
    assert source.labels.tolist() == ["0", "1", "2"]
    assert source.names == ["a.tfrecord:0", "a.tfrecord:1", "a.tfrecord:2"]


def test_damaged_and_compressed_shards_are_named(tmp_path):
    source, _ = texts()
    [path] = write_shards(source, tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"part-00000-of-00001\.tfrecord is corrupt"):
        open_source(path, (".txt",))
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(path), options) as writer:
        writer.write(b"x")
    with pytest.raises(ValueError, match="not an uncompressed TFRecord"):
        open_source(path, (".txt",))


def test_records_without_a_known_feature_are_refused(tmp_path):
    path = tmp_path / "a.tfrecord"
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"]))
    example = tf.train.Example(features=tf.train.Features(feature={"blob": feature}))
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(example.SerializeToString())
    with pytest.raises(ValueError, match="have the features blob; expected"):
        open_source(path, (".txt",))


LARGE = 10**5  # bytes of a picture


def write_examples(path, examples):
    """Writes features, dicts of name -> list of bytes, int or float."""
    kinds = {bytes: ("bytes_list", tf.train.BytesList), int: ("int64_list", tf.train.Int64List)}
    kinds[float] = ("float_list", tf.train.FloatList)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            features = {}
            for name, values in example.items():
                kind, of = kinds[type(values[0])]
                features[name] = tf.train.Feature(**{kind: of(value=values)})
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A shard of 50 records of 100 kB, with labels behind and names before the content."""
    path = tmp_path_factory.mktemp("shards") / "pictures.tfrecord"
    draw = np.random.default_rng(0)
    examples = [
        {"image/encoded": [draw.bytes(LARGE)], "label": [i % 3], "height": [i], "a": [b"n%d" % i]}
        for i in range(50)
    ]
    write_examples(path, examples)
    return path, [example["image/encoded"][0] for example in examples]


class BytesRead:
    """Counts what the process reads, within `with`."""

    def _total(self):
        with open("/proc/self/io") as counts:
            return int(counts.readline().split()[1])

    def __enter__(self):
        self.begin = self._total()
        return self

    def __exit__(self, *_):
        self.count = self._total() - self.begin


def test_an_index_is_made_without_the_content_and_then_kept(pictures):
    path, _ = pictures
    with BytesRead() as first:
        source = open_source(path, (".jpg",))
    assert source.labels.tolist() == [str(i % 3) for i in range(50)]
    assert source.columns["a"].tolist() == [f"n{i}" for i in range(50)]
    assert first.count < 10 * LARGE
    with BytesRead() as again:
        assert open_source(path, (".jpg",)).columns.keys() == {"a", "height", "label"}
    assert again.count < LARGE / 2


def test_a_record_is_read_without_the_rest_of_its_shard(pictures):
    path, encoded = pictures
    source = open_source(path, (".jpg",))
    read = tf.function(source.read, [tf.TensorSpec([], tf.int64)])
    read(tf.constant(0, tf.int64))
    with BytesRead() as bytes_read:
        assert read(tf.constant(49, tf.int64)).numpy() == encoded[49]
    assert bytes_read.count < 1.1 * LARGE


def test_records_are_read_in_parallel_and_their_files_closed(pictures):
    path, encoded = pictures
    source = open_source(path, (".jpg",))
    order = np.random.default_rng(1).integers(50, size=400)
    dataset = tf.data.Dataset.from_tensor_slices(order).map(source.read, 16)
    before = len(os.listdir("/proc/self/fd"))
    assert [value.numpy() for value in dataset] == [encoded[i] for i in order]
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_a_record_with_a_flipped_bit_is_unreadable_and_the_others_are_not(pictures, tmp_path):
    path, encoded = pictures
    data = bytearray(path.read_bytes())
    data[3 * (len(data) // 50) + LARGE // 2] ^= 1
    (tmp_path / "flipped.tfrecord").write_bytes(data)
    source = open_source(tmp_path / "flipped.tfrecord", (".jpg",))
    found = scan(source, lambda raw: tf.strings.length(raw)[tf.newaxis])
    assert [name for name, _ in found.skipped] == ["flipped.tfrecord:3"]
    assert source.read(tf.constant(4, tf.int64)).numpy() == encoded[4]


def test_features_that_are_long_missing_or_several_are_no_labels(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_examples(
        path,
        [
            {"content": [b"x"], "label": [b"cat"], "note": [b"short"], "depth": [b"d" * 2000]},
            {"content": [b"y"], "note": [b"n" * 2000], "weight": [0.5]},
            {"content": [b"z"], "label": [b"cat", b"dog"], "note": [b""]},
        ],
    )
    source = open_source(path, (".jpg",))
    assert source.columns.keys() == {"label"}
    assert source.labels.tolist() == ["cat", "", ""]
    assert read_all(source) == [b"x", b"y", b"z"]


def test_a_shard_that_changed_is_indexed_anew(tmp_path):
    write_examples(tmp_path / "a.tfrecord", [{"text": [b"one"], "label": [1]}] * 2)
    assert len(open_source(tmp_path, (".txt",))) == 2
    write_examples(tmp_path / "a.tfrecord", [{"text": [b"two"], "label": [2]}] * 3)
    source = open_source(tmp_path, (".txt",))
    assert (read_all(source), source.labels.tolist()) == ([b"two"] * 3, ["2"] * 3)


def test_records_that_are_no_examples_are_named_by_their_place(tmp_path):
    path = tmp_path / "a.tfrecord"
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"]))
    features = tf.train.Features(feature={"text": feature, "label": feature})
    for strange in (b"\xff" * 40, b"\x0a\xff", b"\x0a\x02\x0a\x05"):
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(tf.train.Example(features=features).SerializeToString())
            writer.write(strange)
        with pytest.raises(ValueError, match=r"a\.tfrecord is .*no tf\.train\.Example at byte"):
            open_source(path, (".txt",))


def test_more_shards_than_items_are_refused(tmp_path):
    source = Source(["a"], lambda i: tf.constant(b""))
    with pytest.raises(ValueError, match="shards=2 must lie between 1 and the 1 items"):
        write_shards(source, tmp_path, 2)
