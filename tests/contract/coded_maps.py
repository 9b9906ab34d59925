"""Codes of pictures without a tokenizer's run: how bright their parts are, at two levels."""

import atexit
import functools
import shutil
import tempfile
from dataclasses import dataclass

import numpy as np

from mmssl.pipelines.codes import CodeSpec
from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.images import ImageCrops
from tests.contract.cases import Case

SPEC = CodeSpec(8, {"top": (2, 2), "bottom": (4, 4)}, None, None, "these", "those")


@dataclass(frozen=True)
class CodedMaps(Case):
    """A Case that reads the codes of the built-in photos from a folder, written once a session."""

    def config(self, *overrides):
        return super().config(f"--data.source={coded_photos()}", *overrides)


@functools.cache
def coded_photos():
    """Writes the codes of the built-in photos; returns the folder."""
    folder = tempfile.mkdtemp(prefix="coded_photos")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    reader = ImageCrops("builtin:photos", size=4)
    write_codes(folder, reader.open("builtin:photos"), lambda part: _codes(reader, part), SPEC)
    return folder


def _codes(reader, source):
    for batch in reader.examples(source).as_numpy_iterator():
        bright = batch["images"].mean(axis=-1)
        cells = bright.reshape(-1, 2, 2, 2, 2).mean(axis=(2, 4))
        levels = [x.reshape(len(bright), -1) for x in (cells, bright)]
        yield from np.floor((SPEC.entries - 0.01) * np.concatenate(levels, 1)).astype("int32")
