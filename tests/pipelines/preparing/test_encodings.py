"""How items are stored in shards."""

import dataclasses

import pytest
import tensorflow as tf
from PIL import Image

from mmssl.pipelines.preparing.encodings import Encoding
from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources.extensions import AUDIO_EXTENSIONS, IMAGE_EXTENSIONS
from mmssl.pipelines.sources.shard_index import open_index
from mmssl.pipelines.sources.shard_plan import UNFINISHED
from tests.pipelines.preparing.shards import (
    crops,
    prepared,
)


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


def test_pixels_are_mapped_from_their_shards_and_a_missing_one_is_skipped(pictures, tmp_path):
    prepared(pictures, tmp_path, Encoding("images", "pixels"))
    (tmp_path / "part-00001-of-00003.tfrecord").unlink()
    data = crops(str(tmp_path), cache=False, skip_ratio=0.5).prepare()
    assert data.items.reread is not data.items.read
    assert len(data.items) == 10 - len(data.skipped) == 7
    for i in range(7):
        number = tf.constant(i, tf.int64)
        folder = open_source(pictures / data.items.names[i], IMAGE_EXTENSIONS)
        whole = data.decode(folder.read(tf.constant(0, tf.int64))).numpy()
        assert (data.item(number).numpy() == whole).all()


def test_encoded_files_are_read_with_their_checksums_each_time(copied):
    source = open_source(copied, AUDIO_EXTENSIONS)
    assert source.reread is source.read
