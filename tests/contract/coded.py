"""Folders of codes that no tokenizer has made: how bright parts of pictures are, or random ones."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmssl.pipelines.codes import CodeSpec
from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.sources import open_source
from tests.contract.cases import Case

ENTRIES, SIDE = 8, 2
MADE = (None, None, "these", "those")  # of no sound, by weights of these fingerprints
SHAPES = CodeSpec(ENTRIES, {"codes": (SIDE, SIDE)}, *MADE)
PHOTOS = CodeSpec(ENTRIES, {"top": (SIDE, SIDE), "bottom": (4, 4)}, *MADE)
SOUND = CodeSpec(ENTRIES, {"top": (4,), "bottom": (8,)}, 4, 8000)
RECORDINGS, TOPS = 24, 12  # and codes of the top level of each


@functools.cache
def coded_shapes(every=40):
    """Writes the codes of some built-in shapes with their captions; returns the folder."""
    reader = ImageCrops("builtin:shapes", size=SIDE)
    source = reader.open_all("builtin:shapes")
    some = source.select(np.arange(0, len(source), every))
    return _written(some, SHAPES, lambda part: _numbered(_brightness(reader, part)))


@functools.cache
def coded_photos():
    """Writes the codes of the built-in photos at two levels; returns the folder."""
    reader = ImageCrops("builtin:photos", size=4)
    return _written(reader.open("builtin:photos"), PHOTOS, lambda part: _two_levels(reader, part))


@functools.cache
def coded_sound():
    """Writes random codes of silent recordings at two levels; returns the folder."""
    silence = [np.zeros(4 * TOPS, "float32") for _ in range(RECORDINGS)]
    return _written(open_source(silence, (".wav",)), SOUND, _random)


@dataclass(frozen=True)
class CodedCase(Case):
    """A Case that reads codes from a folder, which `coded` writes once a session."""

    coded: Callable[[], str] = coded_shapes

    def config(self, *overrides):
        return super().config(f"--data.source={self.coded()}", *overrides)


def _written(source, spec, encode):
    folder = tempfile.mkdtemp(prefix="coded")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_codes(folder, source, encode, spec)
    return folder


def _brightness(reader, source):
    for batch in reader.examples(source).as_numpy_iterator():
        yield batch["images"].mean(axis=-1)


def _numbered(batches):
    for bright in batches:
        flat = bright.reshape(len(bright), -1)
        yield from np.floor((ENTRIES - 0.01) * flat).astype("int32")


def _two_levels(reader, source):
    def joined():
        for bright in _brightness(reader, source):
            cells = bright.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))
            yield np.concatenate([x.reshape(len(bright), -1) for x in (cells, bright)], axis=1)

    return _numbered(joined())


def _random(source):
    for name in source.names:
        yield np.random.default_rng(int(name.split()[-1])).integers(0, ENTRIES, 3 * TOPS)
