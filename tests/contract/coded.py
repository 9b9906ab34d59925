"""Codes of captioned pictures without a tokenizer's run: how bright the quarters of each are."""

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

ENTRIES, SIDE = 8, 2


@dataclass(frozen=True)
class CodedCase(Case):
    """A Case that reads the codes of captioned shapes from a folder, written once a session."""

    def config(self, *overrides):
        return super().config(f"--data.source={coded_shapes()}", *overrides)


@functools.cache
def coded_shapes(every=40):
    """Writes the codes of some built-in shapes with their captions; returns the folder."""
    folder = tempfile.mkdtemp(prefix="coded_shapes")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    reader = ImageCrops("builtin:shapes", size=SIDE)
    source = reader.open_all("builtin:shapes")
    some = source.select(np.arange(0, len(source), every))
    write_codes(folder, some, lambda part: _codes(reader, part), SPEC)
    return folder


SPEC = CodeSpec(ENTRIES, {"codes": (SIDE, SIDE)}, None, None, "these", "those")


def _codes(reader, source):
    for batch in reader.examples(source).as_numpy_iterator():
        bright = batch["images"].mean(axis=-1).reshape(len(batch["images"]), -1)
        yield from np.floor((ENTRIES - 0.01) * bright).astype("int32")
