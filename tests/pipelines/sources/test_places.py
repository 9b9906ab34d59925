"""Remote file systems, for which that of TensorFlow in memory stands: what is read, and refused."""

import sys
import types

import pytest
import tensorflow as tf

from mmssl.files import write_text
from mmssl.pipelines.sources import open_source, places, write_shards
from mmssl.pipelines.sources.extensions import TEXT_EXTENSIONS
from mmssl.pipelines.sources.prepared import cache_folder
from mmssl.pipelines.text.vocabularies import read_vocabulary
from mmssl.runs.folder import RunFolder

TEXTS = ["one text", "another text", "the third"]


@pytest.fixture
def bucket():
    """A remote folder of shards, without an index and with one, and of a table of their labels."""
    write_shards(open_source(TEXTS, TEXT_EXTENSIONS), "ram://bucket/prepared", shards=2)
    for name in places.names_in("ram://bucket/prepared"):
        if name.endswith(".tfrecord"):
            content = places.read_bytes(f"ram://bucket/prepared/{name}")
            places.write_bytes(f"ram://bucket/plain/{name}", content)
    table = "file\tlabel\r\nrow 2\tc\r\nrow 0\ta\r\n"
    places.write_bytes("ram://bucket/labels.tsv", table.encode())
    yield "ram://bucket"
    places.remove_folder("ram://bucket")


def texts_of(source):
    return [source.read(tf.constant(i, tf.int64)).numpy().decode() for i in range(len(source))]


@pytest.mark.parametrize("folder", ["prepared", "plain"])
def test_shards_and_labels_are_read_from_afar(bucket, folder):
    assert texts_of(open_source(f"{bucket}/{folder}", TEXT_EXTENSIONS)) == TEXTS
    labeled = open_source(f"{bucket}/{folder}", TEXT_EXTENSIONS, f"{bucket}/labels.tsv")
    assert texts_of(labeled) == [TEXTS[0], TEXTS[2]]
    assert labeled.labels.tolist() == ["a", "c"]


def test_one_shard_is_read_from_afar(bucket):
    path = f"{bucket}/plain/part-00001-of-00002.tfrecord"
    assert texts_of(open_source(path, TEXT_EXTENSIONS)) == TEXTS[1:]


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (lambda b: open_source(f"{b}/labels.tsv", TEXT_EXTENSIONS), "read from this machine"),
        (lambda b: open_source(f"{b}/*.txt", TEXT_EXTENSIONS), "read from this machine"),
        (lambda b: open_source([f"{b}/plain", f"{b}/plain"], TEXT_EXTENSIONS), "only files can be"),
        (lambda b: open_source(TEXTS, TEXT_EXTENSIONS, f"{b}/no.tsv"), "ram://.* does not exist"),
        (lambda b: open_source(TEXTS, TEXT_EXTENSIONS, b), "ram://bucket is not a table"),
        (lambda b: read_vocabulary(f"{b}/vocab.txt", ()), "vocab.txt lies on a remote file system"),
        (lambda b: write_text(f"{b}/report.html", ""), "report.html lies on a remote file system"),
        (lambda b: RunFolder(f"{b}/run"), "run lies on a remote file system"),
    ],
)
def test_what_is_not_read_from_afar_is_refused_in_a_sentence(bucket, use, reason):
    with pytest.raises(ValueError, match=reason):
        use(bucket)


def test_the_cache_is_of_this_machine(monkeypatch):
    monkeypatch.setenv("MMSSL_CACHE", "gs://bucket/cache")
    with pytest.raises(ValueError, match="gs://bucket/cache lies on a remote file system"):
        cache_folder()


@pytest.mark.parametrize(
    "reach",
    [
        lambda path: open_source(path, TEXT_EXTENSIONS),
        lambda path: open_source(TEXTS, TEXT_EXTENSIONS, f"{path}/labels.tsv"),
        lambda path: places.write_bytes(f"{path}/x", b""),
        places.size_of,
        places.stamp_of,
    ],
)
def test_without_tensorflow_io_a_bucket_is_refused_with_what_helps(monkeypatch, reach):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    with pytest.raises(ValueError, match=r"no file system for s3://; install tensorflow-io"):
        reach("s3://bucket/shards")


def test_tensorflow_io_is_imported_where_it_is_installed(monkeypatch):
    known = ["file"]
    monkeypatch.setattr(tf.io.gfile, "get_registered_schemes", lambda: known)
    monkeypatch.setattr(tf.io.gfile, "exists", lambda path: True)
    monkeypatch.setitem(sys.modules, "tensorflow_io", types.ModuleType("tensorflow_io"))
    original = places.importlib.import_module
    monkeypatch.setattr(
        places.importlib, "import_module", lambda name: (known.append("s3"), original(name))[1]
    )
    assert places.exists("s3://bucket/shards")
