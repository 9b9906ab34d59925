"""Sounds, pictures and texts to prepare."""

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmssl.pipelines.preparing.encodings import Encoding
from tests.pipelines.preparing.shards import prepared


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for i in range(10):
        pixels = draw.integers(0, 256, (20 + i, 31, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.{('png', 'jpg')[i % 2]}")
    rows = [f"{i}.{('png', 'jpg')[i % 2]}\t{i % 3}\t{('train', 'test')[i // 8]}" for i in range(10)]
    (folder / "labels.tsv").write_text("\n".join(["file\tlabel\tsplit", *rows]) + "\n")
    return folder


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "texts.tsv"
    rows = [f"{i % 2}\tthe text {i} of the table, once and again {i * i}" for i in range(20)]
    path.write_text("\n".join(["label\ttext", *rows]) + "\n")
    return path


@pytest.fixture
def copied(sounds, tmp_path):
    """Shards of their own to damage."""
    prepared(sounds, tmp_path / "shards", Encoding("audio"))
    return tmp_path / "shards"
