"""What is no regular file, or lies elsewhere: refused or left out by name, never waited for."""

import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmssl.cli import main
from mmssl.encoders import adapt, load_encoder
from mmssl.overview import overview
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import finding, open_source, write_shards
from mmssl.pipelines.text.vocabularies import read_vocabulary
from mmssl.runs import Run, read_recipe
from mmssl.search.stored import read_index
from tests.fuzzing.readers.indexes import write_small_index
from tests.fuzzing.readers.shards import with_checksum, with_manifest

TEXT, PICTURES = (".txt",), (".png",)


def fifo(path):
    os.mkfifo(path)


def bound(path):
    with _inside(path.parent), socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)  # a whole path may be too long for a socket


@contextlib.contextmanager
def _inside(folder):
    before = os.getcwd()
    os.chdir(folder)
    yield
    os.chdir(before)


def endless(path):
    path.symlink_to("/dev/zero")


def full(path):
    path.symlink_to("/dev/full")


KINDS = pytest.mark.parametrize("make", [fifo, bound, endless, full])


def put(make, path):
    """Puts something that is no file in the place of one."""
    path.unlink(missing_ok=True)
    make(path)


def refused(reader, path):
    """Checks that a reader refuses a path by its name, in a sentence."""
    with pytest.raises(ValueError, match=re.escape(path.name)) as refusal:
        reader()
    assert "\n" not in str(refusal.value)


@KINDS
@pytest.mark.parametrize(
    ("good", "bad", "extensions"),
    [
        ("a.txt", "b.txt", TEXT),
        ("a.tfrecord", "b.tfrecord", TEXT),
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", PICTURES),
    ],
)
def test_what_is_no_file_is_left_out_of_a_folder_by_name(make, good, bad, extensions, tmp_path):
    if good.endswith(".tfrecord"):
        write_shards(open_source(["one"], TEXT), tmp_path / "shards")
        shutil.copy(next((tmp_path / "shards").glob("*.tfrecord")), tmp_path / good)
        shutil.rmtree(tmp_path / "shards")
    else:
        (tmp_path / good).write_bytes(b"\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\x07")
    put(make, tmp_path / bad)
    source = open_source(tmp_path, extensions)
    assert len(source) == 1
    if "idx" not in good:
        reason = finding.SPECIAL if make in (fifo, bound) else finding.OUT
        assert source.left_out == [(bad, reason)]


@KINDS
@pytest.mark.parametrize(
    "name", ["a.txt", "a.png", "a.tsv", "a.jsonl", "a.npz", "a.tfrecord", "x-images-idx3-ubyte"]
)
def test_what_is_no_file_is_no_source(make, name, tmp_path):
    path = tmp_path / name
    put(make, path)
    refused(lambda: open_source(path, (*TEXT, *PICTURES)), path)
    assert main(["suggest", str(path)]) == 2


@KINDS
def test_what_is_no_file_is_no_table_recipe_vocabulary_or_encoder(make, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    readers = {
        "labels.tsv": lambda path: open_source(tmp_path / "data", TEXT, labels=path),
        "recipe.yaml": read_recipe,
        "vocab.txt": lambda path: read_vocabulary(path, ()),
        "encoder.keras": lambda path: load_encoder(str(path)),
        "model.keras": lambda path: adapt(str(path)),
    }
    for name, read in readers.items():
        put(make, tmp_path / name)
        refused(lambda read=read, name=name: read(tmp_path / name), tmp_path / name)


@KINDS
@pytest.mark.parametrize(
    "name",
    ["config.yaml", "plan.json", "encoder.keras", "environment.json", "checkpoints/last.npz"],
)
def test_a_run_folder_with_what_is_no_file_is_not_used(make, name, run_folder):
    if name.startswith("checkpoints"):
        (run_folder / "encoder.keras").unlink()
    put(make, run_folder / name)
    refused(lambda: Run.load(run_folder).encoder, run_folder / name)
    overview(run_folder)


@KINDS
@pytest.mark.parametrize("name", ["manifest.json", "items.jsonl", "vectors.npy"])
def test_an_index_with_what_is_no_file_is_not_used(make, name, tmp_path):
    write_small_index(tmp_path)
    put(make, tmp_path / name)
    with pytest.raises(ValueError, match=rf"{name}|is not an index"):
        read_index(tmp_path)


@pytest.fixture
def shards(tmp_path):
    write_shards(open_source(["one", "two"], TEXT), tmp_path / "shards", 2)
    return tmp_path / "shards"


@KINDS
@pytest.mark.parametrize(
    "name", ["index/manifest.json", "index/records.npy", "part-00000-of-00002.tfrecord"]
)
def test_shards_with_what_is_no_file_are_not_read(make, name, shards):
    put(make, shards / name)
    refused(lambda: open_source(shards, TEXT), shards / name)


@pytest.mark.parametrize("name", ["../a.tfrecord", "/dev/zero", "/etc/passwd", "..", ""])
def test_an_index_of_shards_names_no_file_elsewhere(name, shards):
    shutil.copy(shards / "part-00000-of-00002.tfrecord", shards.parent / "a.tfrecord")
    with_manifest(shards, lambda manifest: manifest["shards"][0].update(file=name))
    with pytest.raises(ValueError, match=re.escape(f"{name!r} is not the name of a file in")):
        open_source(shards, TEXT)


def test_an_index_of_shards_names_no_array_elsewhere(shards):
    checksum = json.loads((shards / "index" / "manifest.json").read_text())["checksums"]["records"]
    shutil.copy(shards / "index" / "records.npy", shards / "records.npy")
    with_manifest(shards, lambda manifest: manifest["checksums"].update({"../records": checksum}))
    with pytest.raises(ValueError, match=r"'\.\./records' is not the name of a file"):
        open_source(shards, TEXT)


def test_a_shard_that_is_a_link_out_of_the_folder_is_not_read(shards):
    path = shards / "part-00001-of-00002.tfrecord"
    shutil.move(path, shards.parent / path.name)
    path.symlink_to(shards.parent / path.name)
    with pytest.raises(ValueError, match=r"-00002\.tfrecord is a link out of the folder"):
        open_source(shards, TEXT)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (0, 9, "out of range"),
        (0, -1, "out of range"),
        (1, -5, "out of range"),
        (1, 2**40, "out of range"),
        (2, 2**62, "out of range"),
        (3, 2**20, "out of range"),
    ],
)
def test_records_outside_of_their_shard_are_not_looked_for(column, value, reason, shards):
    path = shards / "index" / "records.npy"
    records = np.load(path)
    records[1, column] = value
    np.save(path, records)
    with_checksum(shards, "records")
    with pytest.raises(ValueError, match=f"records has a number {reason}"):
        open_source(shards, TEXT)


@pytest.mark.parametrize("listed", ["../b.txt", "{above}/b.txt", "/dev/zero", "sub", "loop.txt"])
@pytest.mark.parametrize("kind", ["tsv", "jsonl"])
def test_tables_list_no_files_elsewhere(listed, kind, tmp_path):
    above, folder = tmp_path / "above", tmp_path / "above" / "data"
    (folder / "sub").mkdir(parents=True)
    (above / "b.txt").write_text("b")
    (folder / "loop.txt").symlink_to("loop.txt")
    name = listed.format(above=above)
    table = folder / f"table.{kind}"
    table.write_text(f"file\n{name}\n" if kind == "tsv" else json.dumps({"file": name}) + "\n")
    with pytest.raises(ValueError, match=rf"table\.{kind} lists"):
        open_source(table, (".txt", ""))


def test_links_that_go_round_are_followed_once(tmp_path):
    data = tmp_path / "data"
    (data / "a" / "b").mkdir(parents=True)
    (data / "a" / "one.txt").write_text("one")
    (data / "a" / "b" / "up").symlink_to("../..")
    (data / "loop.txt").symlink_to("loop.txt")
    (data / "there.txt").symlink_to("back.txt")
    (data / "back.txt").symlink_to("there.txt")
    (data / "folder.txt").mkdir()
    (data / "folder.txt" / "two.txt").write_text("two")
    source = open_source(data, TEXT)
    assert list(source.names) == ["a/one.txt", "folder.txt/two.txt"]
    assert dict(source.left_out) == {
        "a/b/up": finding.AGAIN,
        "loop.txt": finding.BROKEN,
        "there.txt": finding.BROKEN,
        "back.txt": finding.BROKEN,
    }


def test_labels_beside_pictures_in_idx_are_no_link_out_of_the_folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + b"\0\0\0\x01" * 3 + b"\x07")
    (tmp_path / "labels").write_bytes(b"\0\0\x08\x01\0\0\0\x01\x05")
    (folder / "train-labels-idx1-ubyte").symlink_to(tmp_path / "labels")
    assert "label" not in open_source(folder, PICTURES).columns


@pytest.fixture
def nobody():
    """A folder, and this process without the rights of root."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        yield Path(folder)
        os.seteuid(before)


def test_files_that_may_not_be_read_are_skipped_by_name(nobody):
    for i in range(3):
        Image.new("RGB", (8, 8), (i, i, i)).save(nobody / f"{i}.png")
    os.chmod(nobody / "1.png", 0)
    (nobody / "closed").mkdir(mode=0)
    source = ImageCrops(str(nobody), size=8, batch_size=1, skip_ratio=0.5).open(str(nobody))
    assert list(source.names) == ["0.png", "2.png"]
    assert source.left_out == [("closed", finding.CLOSED)]


def test_a_table_that_may_not_be_read_is_refused_by_name(nobody):
    for name in ("table.tsv", "a.npz", "x-images-idx3-ubyte"):
        (nobody / name).write_text("file\n")
        os.chmod(nobody / name, 0)
        with pytest.raises((ValueError, OSError), match=re.escape(name)):
            open_source(nobody / name, PICTURES)
