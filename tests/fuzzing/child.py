"""Reads inputs in a process of its own, which may crash or hang: its parent sees that.

python -m tests.fuzzing.child FOLDER INPUTS SEED MODULE [WORD ...]
"""

import faulthandler
import gc
import importlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzzing.memory import peak
from tests.fuzzing.mutations import inputs
from tests.fuzzing.reader import chosen
from tests.fuzzing.run import CURRENT

_MESSAGE = 4000  # characters of a refusal, and more are no sentence
_PATIENCE = 4  # times the seconds of the processor, on the clock
_NO_SENTENCE = ("Traceback", "<class '", "object at 0x", "TypeError", "ValueError", "KeyError")


class FoundError(Exception):
    """An input was not refused as it should be."""


def main(folder, count, start, module, *words):
    """Fuzzes readers one after the other; prints their names, then a JSON object for each."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is none of the answer
    logging.disable()
    faulthandler.enable()
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
        faulthandler.register(number, chain=True)  # the traces of all threads, then the end
    gc.freeze()  # spares the modules from every collection, of which hypothesis asks for many
    readers = chosen(importlib.import_module(module).READERS, words)
    print(json.dumps([reader.name for reader in readers]), file=out)
    for reader in readers:
        place = Path(folder) / reader.name
        place.mkdir()
        found = fuzz(reader, place, int(count), int(start))
        print(json.dumps({"reader": reader.name, **found}), file=out)


def fuzz(reader, folder, count, start):
    """Reads inputs.

    Args:
        reader: Reader.
        folder: pathlib.Path of an empty folder, for the reader and the input.
        count: number of inputs; 0 for the reader's own, which are the same every time.
        start: of the draws, an int.

    Returns:
        dict of JSON values: `inputs`, `read`, `refused`, `refusals` (sentence, without numbers, ->
        how often), `seconds`, `slowest`, `megabytes` (the most that one took) and, if an input was
        neither read nor refused, `failure` and `input`, the path of the smallest such.
    """
    (folder / "place").mkdir()
    files, read = reader.prepare(folder / "place")
    for name, data in files.items():
        read(name, data)  # valid, or the test would tell nothing; and graphs are built now
    watched = Watched(reader, read, folder / CURRENT)
    began = time.monotonic()

    @seed(start)
    @settings(
        max_examples=count or reader.quick,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(inputs(files))
    def attempt(drawn):
        watched(*drawn)

    failure = {}
    try:
        attempt()
    except Exception:
        failure = {"failure": traceback.format_exc(limit=-12), "input": str(watched.path)}
    return {
        "inputs": watched.count,
        "read": watched.count - watched.refusals.total(),
        "refused": watched.refusals.total(),
        "refusals": dict(watched.refusals.most_common()),
        "seconds": time.monotonic() - began,
        "slowest": watched.slowest,
        "megabytes": watched.most,
        **failure,
    }


class Watched:
    """Reads one input after the other, within bounds, and counts what comes of it.

    Args:
        reader: Reader.
        read: function that its `prepare` returned.
        path: pathlib.Path, of the file that keeps the input that is being read.
    """

    def __init__(self, reader, read, path):
        self.reader, self.read, self.path = reader, read, path
        self.count, self.refusals, self.slowest, self.most = 0, Counter(), 0.0, 0

    def __call__(self, name, data):
        self.path.write_bytes(name.encode() + b"\n" + data)
        self.count += 1
        before, began = peak(anew=True), time.monotonic()
        # Of the processor, since a busy machine is no fault; and what waits is noticed as well.
        signal.setitimer(signal.ITIMER_PROF, self.reader.seconds)
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE * self.reader.seconds)
        try:
            self.read(name, data)
        except self.reader.refusals as error:
            self.refusals[_sentence(error)] += 1
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.slowest = max(self.slowest, time.monotonic() - began)
        took = peak() - before
        self.most = max(self.most, took)
        if took > self.reader.megabytes:
            raise FoundError(f"{name} of {len(data)} bytes took {took} MB of memory")


def _sentence(error):
    text = str(error)
    if hasattr(error, "experimental_payloads"):  # TensorFlow's
        text = _of_graph(error)
    if not text.strip():
        raise FoundError(f"a {type(error).__name__} without a word") from error
    if len(text) > _MESSAGE or any(word in text for word in _NO_SENTENCE):
        raise FoundError(f"no sentence: {text[: 2 * _MESSAGE]}") from error
    return "".join("0" if sign.isdigit() else sign for sign in text)[:120]


def _of_graph(error):
    """Returns what a skipped item is told with."""
    from mmssl.pipelines.sources.scan import plain_reason  # not every reader needs TensorFlow

    if "TypeError:" in error.message:
        raise FoundError(error.message) from error
    return plain_reason(error.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
