"""Fuzzes every reader of files: python -m tests.fuzzing.run [WORD ...] [--inputs N] [--seed N]

With words, only the readers that have one of them in their names. Prints a line a reader, and exits
with status 1 if one crashed, hung, took too much memory, or raised what is no refusal; the input is
kept, the name of the file in its first line.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CURRENT = "input"  # file of the input that is being read
_ALL = "tests.fuzzing.readers.all"
_TOLD = 6000  # characters of the errors of a process that died
ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {
    **{f"TF_NUM_{kind}_THREADS": "1" for kind in ("INTRAOP", "INTEROP")},
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MMSSL_CACHE": "/dev/null/none",  # no cache: its files would be as many as the inputs
}


def fuzz_in_child(words, folder, count=0, seed=0, module=_ALL):
    """Fuzzes readers in a process of its own, and in another one where that has died.

    Args:
        words: list of str, see `tests.fuzzing.reader.chosen`.
        folder: pathlib.Path of an empty folder.
        count: number of inputs of each; 0 for the readers' own.
        seed: of the draws, an int.
        module: name of a module with READERS.

    Yields:
        dict, see `tests.fuzzing.child.fuzz`, with the name of the `reader`; of a reader at which
        the process died only `failure` and `input`.
    """
    waiting = None
    while waiting is None or waiting:
        place = Path(tempfile.mkdtemp(dir=folder))
        command = [sys.executable, "-m", "tests.fuzzing.child", place, count, seed, module]
        command = [*map(str, command), *(words if waiting is None else waiting)]
        with open(place / "errors", "w+") as errors:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | _ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            with child:
                begun = json.loads(child.stdout.readline() or "null")
                for found in map(json.loads, child.stdout):
                    begun.remove(found["reader"])
                    yield found
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TOLD))
            last = errors.read()
        if begun is None:
            raise RuntimeError(f"the readers cannot be prepared:\n{last}")
        waiting = begun
        if waiting:
            reader = waiting.pop(0)
            yield {
                "reader": reader,
                "failure": f"the process died with status {child.returncode}:\n{last}",
                "input": str(place / reader / CURRENT),
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="fuzz only readers with one of these words")
    parser.add_argument("--inputs", type=int, default=10_000, help="of each reader")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--refusals", action="store_true", help="print what was refused, and why")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    failed = 0
    for found in fuzz_in_child(options.words, folder, options.inputs, options.seed):
        failed += "failure" in found
        print(told(found), flush=True)
        for sentence, times in found.get("refusals", {}).items() if options.refusals else ():
            print(f"    {times:6} {sentence!r}", flush=True)
    if not failed:
        shutil.rmtree(folder)
    return 1 if failed else 0


def told(found):
    """Returns what was found of a reader, see `fuzz_in_child`, for people to read."""
    line = found["reader"]
    if "inputs" in found:
        line += (
            f": {found['inputs']} inputs, {found['read']} read, {found['refused']} refused, "
            f"{found['seconds']:.0f} s, slowest {found['slowest']:.2f} s, "
            f"most {found['megabytes']} MB"
        )
    if "failure" not in found:
        return line
    return f"{line}: FAILED\n{found['failure']}\ninput: {found['input']}"


if __name__ == "__main__":
    sys.exit(main())
