"""A folder of codes of sound at two levels, which no tokenizer has made."""

import functools
import tempfile

import numpy as np

from mmssl.pipelines.codes import CodeSpec
from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.sources import open_source

SPEC = CodeSpec(8, {"top": (4,), "bottom": (8,)}, 4, 8000)
ITEMS, TOPS = 24, 12  # recordings, and codes of the top level of each


@functools.cache
def coded_sound():
    """Writes the folder, once a process: its path, str."""
    folder = tempfile.TemporaryDirectory()
    source = open_source([np.zeros(4 * TOPS, "float32") for _ in range(ITEMS)], (".wav",))
    write_codes(folder.name, source, _codes, SPEC)
    _kept.append(folder)  # until the process ends
    return folder.name


_kept = []


def _codes(source):
    for name in source.names:
        yield np.random.default_rng(int(name.split()[-1])).integers(0, 8, 3 * TOPS)
