"""Folders of frames, as a source of videos."""

import numpy as np
import pytest

from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.extensions import VIDEO_EXTENSIONS
from mmssl.pipelines.sources.fingerprint import fingerprint
from tests.pipelines.video.written import levels, write_frames


@pytest.fixture
def folder(tmp_path):
    for label in ("run", "walk"):
        for number in (1, 2):
            write_frames(tmp_path / label / f"person{number}", levels(11))
    return tmp_path


def names(source, index):
    return [path.decode().rsplit("_", 1)[-1] for path in source.read(np.int64(index)).numpy()]


def test_every_folder_of_pictures_is_a_video_in_the_order_of_the_numbers(folder):
    source = open_source(str(folder), VIDEO_EXTENSIONS)
    assert source.names == ["run/person1", "run/person2", "walk/person1", "walk/person2"]
    assert names(source, 3) == [f"{n}.png" for n in range(11)]


def test_folders_of_folders_are_labels(folder):
    source = open_source(str(folder), VIDEO_EXTENSIONS, label_column="folder")
    assert source.labels.tolist() == ["run", "run", "walk", "walk"]


def test_a_table_labels_folders(folder):
    (folder / "labels.tsv").write_text("file\tlabel\nrun/person2\tfast\nwalk/person1\tslow\n")
    source = open_source(str(folder), VIDEO_EXTENSIONS, labels=str(folder / "labels.tsv"))
    assert dict(zip(source.names, source.labels, strict=True)) == {
        "run/person2": "fast",
        "walk/person1": "slow",
    }


def test_pictures_beside_videos_are_no_video_and_named(folder, caplog):
    (folder / "clip.mp4").write_bytes(b"x")
    source = open_source(str(folder), VIDEO_EXTENSIONS)
    assert source.names == ["clip.mp4"]
    assert "44 files of kinds that are not read: .png" in caplog.text


def test_pictures_beside_folders_of_frames_are_named(folder, caplog):
    (folder / "cover.png").write_bytes(b"x")
    assert len(open_source(str(folder), VIDEO_EXTENSIONS)) == 4
    assert "a picture beside the folders of frames: cover.png" in caplog.text


def test_one_folder_of_frames_is_one_video(folder):
    source = open_source(str(folder / "run" / "person1"), VIDEO_EXTENSIONS)
    assert len(source) == 1
    assert len(names(source, 0)) == 11


def test_a_frame_that_is_edited_or_missing_changes_the_fingerprint(folder):
    source = open_source(str(folder), VIDEO_EXTENSIONS)
    before = fingerprint(source)
    (folder / "run" / "person1" / "frame_3.png").write_bytes(b"other")
    after = fingerprint(source)
    assert [name for name in before if before[name] != after[name]] == ["run/person1"]
