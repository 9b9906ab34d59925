"""Preparation of shards, and what recipes make of them."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from mmssl.cli import main
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.preparing.encodings import NAMES, Encoding
from mmssl.pipelines.preparing.prepare import UNFINISHED, prepare
from mmssl.pipelines.sources import open_source, places
from mmssl.pipelines.sources.extensions import AUDIO_EXTENSIONS
from mmssl.pipelines.sources.shard_index import open_index
from mmssl.pipelines.text import TokenBlocks
from tests.pipelines.elements import elements, same

SHARDS = 3


def one_by_one(work, numbers):
    """Stands for the processes that write shards."""
    return map(work, numbers)


def prepared(source, out, encoding, shards=SHARDS, run=one_by_one, **rest):
    return prepare(source, out, shards, encoding, run=run, **rest)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Clips of every kind, in a folder a class: whole numbers, floats, two channels, Ogg."""
    folder, draw = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    for i in range(10):
        (folder / "ab"[i % 2]).mkdir(exist_ok=True)
        soundfile.write(folder / "ab"[i % 2] / f"{i}.wav", draw.normal(0, 0.2, 900 + i), 8000)
    soundfile.write(folder / "a" / "float.wav", draw.normal(0, 0.9, 950), 8000, "FLOAT")
    soundfile.write(folder / "b" / "two.wav", draw.normal(0, 0.2, (950, 2)), 8000)
    soundfile.write(folder / "b" / "bits24.aiff", draw.normal(0, 0.2, 800), 8000, "PCM_24")
    soundfile.write(folder / "b" / "lossy.ogg", draw.normal(0, 0.2, 4000), 8000)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for i in range(10):
        pixels = draw.integers(0, 256, (20 + i, 31, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.{('png', 'jpg')[i % 2]}")
    rows = [f"{i}.{('png', 'jpg')[i % 2]}\t{i % 3}\t{('train', 'test')[i // 8]}" for i in range(10)]
    (folder / "labels.tsv").write_text("\n".join(["file\tlabel\tsplit", *rows]) + "\n")
    return folder


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "texts.tsv"
    rows = [f"{i % 2}\tthe text {i} of the table, once and again {i * i}" for i in range(20)]
    path.write_text("\n".join(["label\ttext", *rows]) + "\n")
    return path


def windows(source, **rest):
    return AudioWindows(source, window=1000, batch_size=4, cache=False, **rest)


def shorter(source, **rest):
    return AudioWindows(source, window=800, batch_size=4, cache=False, **rest)


def crops(source, **rest):
    return ImageCrops(source, size=16, batch_size=4, **rest)


def check_same(make, folder, out, **columns):
    """Checks that shards are to a pipeline what the folder is."""
    one, other = make(folder, **columns).prepare(), make(str(out)).prepare()
    assert list(other.items.names) == list(one.items.names)
    assert list(other.items.names) != []
    assert other.items.fingerprint() == one.items.fingerprint()
    for what in ("labels", "splits"):
        ours, theirs = getattr(one.items, what), getattr(other.items, what)
        assert (ours is None and theirs is None) or ours.tolist() == theirs.tolist()
    assert same(elements(one, batches=5, seed=3), elements(other, batches=5, seed=3))
    assert same(elements(one, start_step=2), elements(other, start_step=2))
    return other


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


def test_flac_holds_whole_numbers_and_other_sound_stays_as_it_is(sounds, tmp_path):
    prepared(sounds, tmp_path, Encoding("audio", "flac"))
    source = open_source(tmp_path, AUDIO_EXTENSIONS)
    kinds = {
        name: source.read(tf.constant(i, tf.int64)).numpy()[:4]
        for i, name in enumerate(source.names)
    }
    assert kinds["a/0.wav"] == kinds["b/two.wav"] == kinds["b/bits24.aiff"] == b"fLaC"
    assert (kinds["a/float.wav"], kinds["b/lossy.ogg"]) == (b"RIFF", b"OggS")


def test_pictures_are_scaled_down_and_never_up(pictures, tmp_path):
    prepared(pictures, tmp_path, Encoding("images", "jpeg", quality=80, short_side=24))
    found = crops(str(tmp_path)).prepare()
    assert found.shapes.min(axis=1).tolist() == [3] * 10
    assert found.shapes[:, :2].min(axis=1).tolist() == [min(24, 20 + i) for i in range(10)]
    with Image.open(pictures / "9.jpg") as image:
        assert found.shapes[9, 1] == round(image.width * 24 / image.height)


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_was_ended_goes_on_with_the_shards_that_are_missing(sounds, tmp_path):
    encoding, seen = Encoding("audio"), []

    def ended(work, numbers):
        yield work(numbers[0])
        raise KeyboardInterrupt

    def noted(work, numbers):
        seen.extend(numbers)
        return map(work, numbers)

    counts = []
    with pytest.raises(KeyboardInterrupt):
        prepared(sounds, tmp_path / "one", encoding, run=ended)
    assert not (tmp_path / "one" / "index").exists()
    prepared(
        sounds, tmp_path / "one", encoding, run=noted, progress=lambda *both: counts.append(both)
    )
    assert (seen, counts) == ([1, 2], [(9, 14), (14, 14)])
    prepared(sounds, tmp_path / "two", encoding)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert prepared(sounds, tmp_path / "one", encoding).written == 0


def test_a_half_written_shard_is_not_believed(sounds, tmp_path):
    def ended(work, numbers):
        yield work(numbers[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(sounds, tmp_path, Encoding("audio"), run=ended)
    [shard] = tmp_path.glob("*.tfrecord")
    shard.write_bytes(shard.read_bytes()[:-1])
    assert prepared(sounds, tmp_path, Encoding("audio")).written == SHARDS


def test_other_data_or_another_encoding_are_refused(sounds, pictures, tmp_path):
    prepared(sounds, tmp_path, Encoding("audio"))
    for encoding, shards, columns in (
        (Encoding("audio", "flac"), 3, {}),
        (Encoding("audio"), 2, {}),
        (Encoding("audio"), 3, {"label_column": "folder"}),
    ):
        with pytest.raises(ValueError, match="shards that were prepared otherwise"):
            prepared(sounds, tmp_path, encoding, shards, **columns)
    with pytest.raises(ValueError, match=r"prepared otherwise \(.*data.*names"):
        prepared(pictures, tmp_path, Encoding("images"), 3)


def test_what_cannot_be_read_is_left_out_and_named(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "some")
    (tmp_path / "some" / "4.png").write_bytes(b"no picture")
    (tmp_path / "some" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    with pytest.raises(ValueError, match=r"2 of 11 items cannot be read.*4\.png .*broken\.jpg"):
        prepared(tmp_path / "some", tmp_path / "out", Encoding("images"))
    done = prepared(tmp_path / "some", tmp_path / "out", Encoding("images"), skip_ratio=0.5)
    assert (done.written, done.manifest["items"]) == (0, 9)
    assert [name for name, _ in done.manifest["left_out"]] == ["4.png", "broken.jpg"]
    assert (tmp_path / "out/index/skipped.txt").read_text().startswith("4.png\t")
    found = crops(str(tmp_path / "out")).prepare(tmp_path)
    assert "4.png" not in list(found.items.names)
    assert "broken.jpg\t" in (tmp_path / "skipped.txt").read_text()


@pytest.fixture
def copied(sounds, tmp_path):
    """Shards of their own to damage."""
    prepared(sounds, tmp_path / "shards", Encoding("audio"))
    return tmp_path / "shards"


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


def test_a_flipped_bit_in_a_shard_costs_its_item_and_is_named(copied, caplog):
    index = open_index(copied)
    flip(copied / "part-00001-of-00003.tfrecord", int(index.records[5, 1]) + 400)
    name = index.names[5]
    with pytest.raises(ValueError, match=rf"1 of 14 items cannot be read.*{name}"):
        windows(str(copied), skip_ratio=0).prepare()
    found = windows(str(copied)).prepare(copied)
    assert [skipped for skipped, _ in found.skipped] == [name]
    assert "part-00001-of-00003.tfrecord" in found.skipped[0][1]
    assert (copied / "skipped.txt").read_text().startswith(name)


def test_a_shard_cut_short_is_named_with_the_items_that_it_lacks(copied, caplog):
    path, index = copied / "part-00002-of-00003.tfrecord", open_index(copied)
    path.write_bytes(path.read_bytes()[: int(index.records[12, 1]) + 100])
    lost = index.names[np.arange(12, 14)].tolist()
    with pytest.raises(ValueError, match="2 of 14 items cannot be read"):
        shorter(str(copied)).prepare()
    assert "part-00002-of-00003.tfrecord has " in caplog.text
    found = shorter(str(copied), skip_ratio=0.2).prepare()
    assert [name for name, _ in found.skipped] == lost
    assert all("part-00002-of-00003.tfrecord" in reason for _, reason in found.skipped)


def test_a_missing_shard_is_named(copied, caplog):
    (copied / "part-00000-of-00003.tfrecord").unlink()
    with pytest.raises(ValueError, match="4 of 14 items cannot be read"):
        windows(str(copied)).prepare()
    assert "part-00000-of-00003.tfrecord with 4 items is missing" in caplog.text


def test_a_damaged_shard_is_mended_by_the_same_call(sounds, copied):
    before = snapshot(copied)
    flip(copied / "part-00001-of-00003.tfrecord", 300)
    (copied / "part-00002-of-00003.tfrecord").unlink()
    done = prepared(sounds, copied, Encoding("audio"))
    assert done.mended == ["part-00001-of-00003.tfrecord", "part-00002-of-00003.tfrecord"]
    assert snapshot(copied) == before


def test_every_file_of_a_damaged_index_is_named(copied):
    for path in sorted((copied / "index").iterdir()):
        if path.name == "skipped.txt":
            continue
        flip(path, len(path.read_bytes()) // 2)
        with pytest.raises(ValueError, match=rf"{path.name} is damaged"):
            open_source(copied, AUDIO_EXTENSIONS)
        flip(path, len(path.read_bytes()) // 2)
    open_source(copied, AUDIO_EXTENSIONS)


def test_shards_that_changed_are_refused_by_a_run_and_moved_ones_are_not(copied, tmp_path):
    windows(str(copied)).prepare(tmp_path / "run")
    shutil.move(copied, tmp_path / "moved")
    windows(str(tmp_path / "moved")).prepare(tmp_path / "run")
    flip(tmp_path / "moved" / "part-00001-of-00003.tfrecord", 300)
    with pytest.raises(ValueError, match=r"data changed .*1 edited \(part-00001-of-00003.tfrecord"):
        windows(str(tmp_path / "moved")).prepare(tmp_path / "run")


def test_remote_shards_are_written_and_read_like_local_ones(sounds):
    out = "ram://bucket/sounds"
    prepared(sounds, out, Encoding("audio", "pcm", 8000), label_column="folder")
    assert places.names_in(out) == ["index", *(f"part-0000{i}-of-00003.tfrecord" for i in range(3))]
    check_same(windows, str(sounds), out, label_column="folder")
    assert prepared(sounds, out, Encoding("audio", "pcm", 8000), label_column="folder").mended == []
    path = f"{out}/part-00001-of-00003.tfrecord"
    whole = places.read_bytes(path)
    places.write_bytes(path, whole[:-40])
    found = windows(out).prepare()
    assert len(found.skipped) == 1
    assert path in found.skipped[0][1]
    places.remove_folder(out)
    with pytest.raises(ValueError, match="ram://bucket/sounds is neither a folder of TFRecord"):
        windows(out).prepare()


def test_an_unknown_scheme_is_told(sounds):
    with pytest.raises(ValueError, match="no file system for abc://"):
        prepared(sounds, "abc://bucket/x", Encoding("audio"))


def test_an_index_leaves_names_and_places_on_the_disk(tmp_path):
    many = [f"text {i}" for i in range(9_000)]
    (tmp_path / "many.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in many))
    prepared(tmp_path / "many.jsonl", tmp_path / "out", Encoding("text"), 1)
    source = open_source(tmp_path / "out", (".txt",))
    index = source.index
    assert all(isinstance(a, np.memmap) for a in (index.records, index.names.data))
    assert (source.names[8_999], len(source.select([5, 7]).names)) == ("line 9000", 2)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("audio", "jpeg"), "encoding='jpeg' is none of audio: choose one of same, flac, pcm"),
        (("audio", "pcm"), "give sample_rate"),
        (("audio", "flac", 8000), "sample_rate=8000 is for encoding pcm, not flac"),
        (("audio", "pcm", 0), "sample_rate=0 must be 1 or more"),
        (("images", "jpeg", None, 101), "quality=101 must be from 1 to 100"),
        (("images", "same", None, None, 64), "short_side=64 is for encoding jpeg and pixels"),
        (("video",), "modality='video' must be one of audio, images, text"),
    ],
)
def test_encodings_that_make_no_sense_are_refused(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        Encoding(*arguments)


def test_an_encoding_says_what_a_manifest_holds(copied):
    manifest = open_index(copied).manifest
    assert manifest["plan"]["encoding"] == dataclasses.asdict(Encoding("audio"))
    assert manifest["features"]["content"] == {"dtype": "string", "shape": []}
    assert not (copied / UNFINISHED).exists()


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


def test_the_command_prepares_tells_and_goes_on(sounds, tmp_path, capsys):
    command = ["prepare", str(sounds), str(tmp_path / "out"), "--shards", "2", "--workers", "1"]
    assert main(command) == 0
    assert f"{tmp_path}/out: 14 items in 2 shards" in capsys.readouterr().out
    assert main(command) == 0
    assert "all of it was there before, and is whole" in capsys.readouterr().out
    assert main([*command, "--encoding", "pixels"]) == 2
    assert "encoding='pixels' is none of audio" in capsys.readouterr().err
    assert main([*command[:3], "--shards", "99"]) == 2
    assert "shards=99 must lie between 1 and the 14 items" in capsys.readouterr().err


@pytest.mark.slow
def test_processes_write_what_one_does(sounds, tmp_path):
    from mmssl.pipelines.preparing.processes import in_processes

    prepared(sounds, tmp_path / "one", Encoding("audio"))
    prepared(
        sounds, tmp_path / "two", Encoding("audio"), run=lambda *w: in_processes(*w, workers=2)
    )
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


@pytest.mark.slow
def test_beam_writes_what_one_process_does(sounds, tmp_path):
    pytest.importorskip("apache_beam")
    from mmssl.pipelines.preparing.beam import on_beam

    prepared(sounds, tmp_path / "one", Encoding("audio"))
    prepared(sounds, tmp_path / "two", Encoding("audio"), run=on_beam)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
