"""Fuzzes one reader by the code that its inputs reach: needs `pip install atheris`.

python -m tests.fuzzing.guided READER -runs=10000 [further arguments of libFuzzer]

Atheris builds on few platforms, so this is for a closer look, and no test. What it draws are the
programs of `mutations`, so that whatever it finds is found as an input of a valid file's kind. It
ends at the first input that is neither read nor refused, and tells where that is kept.
"""

import logging
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mmssl"]):
    from tests.fuzzing.child import Watched
    from tests.fuzzing.readers.all import READERS
from tests.fuzzing.mutations import SHORTEST, changed
from tests.fuzzing.reader import chosen
from tests.fuzzing.run import CURRENT


def main(word, *arguments):
    [reader] = chosen(READERS, [word])
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    logging.disable()
    (folder / "place").mkdir()
    files, read = reader.prepare(folder / "place")
    watched = Watched(reader, read, folder / CURRENT)
    print(f"{reader.name}: an input that fails is kept in {watched.path}", flush=True)

    def attempt(program):
        # libFuzzer begins with fewer bytes than a change needs.
        watched(*changed(files, program.ljust(SHORTEST, b"\0")))

    atheris.Setup([sys.argv[0], *arguments], attempt)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
