"""A run of tiny colored pictures, without a training."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from mmssl.encoders import conv_encoder, cut
from mmssl.pipelines.images import ImageCrops
from mmssl.runs import RunFolder

SIZE = 8


@dataclass
class FakeMethod:
    """Stands for a method with the hooks that evaluation calls."""

    figures: dict = field(default_factory=dict)
    drawn: list = field(default_factory=list)

    def validate(self, data):
        return self.figures

    def report_images(self, data):
        return self.drawn

    def report_sounds(self, data):
        return []


@dataclass
class FakeRun:
    """Stands for a trained run, as `mmssl.runs.Run` shows itself."""

    folder: Path
    config: dict
    data: Any
    encoder: Any
    untrained: Any
    recipe: str = "vision/tiny"
    layer: str | None = None
    step: int | None = None
    kept: int | None = None
    made: Any = field(default_factory=FakeMethod)
    whitening: Any = None
    about: Any = None

    @property
    def files(self):
        return RunFolder(self.folder)

    def method(self):
        return self.made

    def encoder_at(self, layer=None):
        return cut(self.encoder, layer) if layer else self.encoder

    def deployed_encoder(self, layer=None, whiten="auto"):
        return self.encoder_at(layer)

    def whitening_at(self, layer=None):
        return self.whitening, "it stands for a run without"

    def about_whitening(self, layer=None):
        return self.about


def colored_pictures(count, seed=0):
    """Noise on red or blue ground: uint8 (count, SIZE, SIZE, 3), and labels (count,) of str."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 120, (count, SIZE, SIZE, 3), dtype=np.uint8)
    labels = np.where(rng.random(count) < 0.5, "blue", "red")
    pictures[labels == "red", ..., 0] += 60
    pictures[labels == "blue", ..., 2] += 60
    return pictures, labels


def tiny_encoder(seed=0, channels=(4, 8)):
    """An untrained encoder of two blocks."""
    keras.utils.set_random_seed(seed)
    return conv_encoder(
        size=SIZE,
        channels=channels,
        depths=(1, 1),
        strides=(2, 2),
        dilations=(1, 1),
        gray=False,
        grid=1,
    )


@pytest.fixture
def pictures():
    return colored_pictures(100)


@pytest.fixture
def encoder():
    return tiny_encoder()


@pytest.fixture
def run(tmp_path, pictures, encoder):
    spec = {
        "class_path": "mmssl.pipelines.images.ImageCrops",
        "init_args": {"source": "builtin:photos", "size": SIZE, "batch_size": 16},
    }
    return FakeRun(
        folder=tmp_path,
        config={"data": spec, "method": {"class_path": "mmssl.methods.Colorization"}},
        data=ImageCrops(pictures[0], size=SIZE, batch_size=16, labels=pictures[1].tolist()),
        encoder=encoder,
        untrained=tiny_encoder(seed=1),
    )


@pytest.fixture
def result():
    """What `evaluate(layer="all")` returns."""
    data = dict.fromkeys(("source", "labels", "label_column", "split_column", "train", "test"))
    return {
        "data": data | {"source": "clips/[red]", "label_column": "digit"},
        "layer": "all",
        "encoder": {"knn": 0.8, "linear": 0.9, "C": 1.0},
        "untrained": {"knn": 0.4, "linear": 0.5, "C": 1.0},
        "raw": {"knn": 0.85, "linear": 0.7, "C": 1.0},
        "layers": {"block_1": {"knn": 0.3, "linear": 0.95, "C": 1.0}},
        "untrained_layers": {"block_1": {"knn": 0.25, "linear": 0.35, "C": 1.0}},
        "n_train": 400,
        "n_test": 100,
        "classes": 10,
        "majority": 0.1,
        "split": "two sources",
        "held_out": {"loss": 1.25},
        "seconds": {"knn": 0.12},
    }
