"""Shards and indices that are damaged, gone or changed are named."""

import shutil

import numpy as np
import pytest

from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.extensions import AUDIO_EXTENSIONS
from mmssl.pipelines.sources.shard_index import open_index
from tests.pipelines.preparing.shards import flip, shorter, windows


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
