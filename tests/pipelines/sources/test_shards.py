"""TFRecord shards."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources import Source, open_source, write_shards


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
        open_source(tmp_path, (".txt",))
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


def test_more_shards_than_items_are_refused(tmp_path):
    source = Source(["a"], lambda i: tf.constant(b""))
    with pytest.raises(ValueError, match="shards=2 must lie between 1 and the 1 items"):
        write_shards(source, tmp_path, 2)
