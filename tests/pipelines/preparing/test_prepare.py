"""Preparation of shards: what it writes, where it goes on, what it refuses."""

import shutil

import pytest

from mmssl.cli import main
from mmssl.pipelines.preparing.encodings import Encoding
from mmssl.pipelines.sources import places
from tests.pipelines.preparing.shards import (
    SHARDS,
    check_same,
    crops,
    flip,
    prepared,
    snapshot,
    windows,
)


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


def test_a_damaged_shard_is_mended_by_the_same_call(sounds, copied):
    before = snapshot(copied)
    flip(copied / "part-00001-of-00003.tfrecord", 300)
    (copied / "part-00002-of-00003.tfrecord").unlink()
    done = prepared(sounds, copied, Encoding("audio"))
    assert done.mended == ["part-00001-of-00003.tfrecord", "part-00002-of-00003.tfrecord"]
    assert snapshot(copied) == before


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
