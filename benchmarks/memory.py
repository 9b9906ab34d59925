"""Measures how the memory of commands grows with the data: it should not.

Each command runs on a little of one kind of data, and on much of it: 50,000 pictures or sounds, 64
recordings of 3 hours, 2 GB of text in one file, in many, or in a table. What the second takes above
the first is what the data cost. A table goes to stdout, in MiB: the largest resident memory, of
which the system takes back what is mapped from files when it needs it, and the largest of the rest.
Linux only; the data are made in a temporary folder, of links and holes where that can be.

    python benchmarks/memory.py
    python benchmarks/memory.py text rows --share 0.1 --commands pretrain
"""

import argparse
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LITTLE = 0.002  # of the data that the comparison has
TICK = 0.05  # seconds between looks at a process
COMMANDS = ("pretrain", "evaluate", "embed", "report")
LIMIT = 1536  # MiB above the comparison
BLOCKS = 256  # pieces of text of which a long one is made


def main():
    options = parse_options()
    print("| data | command | little | much | above | above, not of files | seconds |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for kind in options.kinds:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            os.environ["MMSSL_CACHE"] = str(Path(folder, "cache"))
            for row in measure(kind, Path(folder), options):
                print(f"| {' | '.join(map(str, row))} |", flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all if none")
    parser.add_argument("--share", type=float, default=1.0, help="of the data that are much")
    parser.add_argument("--folder", help="where to make the data; the system's if not given")
    parser.add_argument("--commands", nargs="+", default=COMMANDS, choices=COMMANDS)
    options = parser.parse_args()
    options.kinds = options.kinds or list(KINDS)
    if unknown := set(options.kinds) - KINDS.keys():
        parser.error(f"there is no {' and no '.join(sorted(unknown))}")
    return options


def measure(kind, folder, options):
    """Yields a row of the table for each command, on little and on much data."""
    make, recipe, *given = KINDS[kind]
    found = {}
    for name, share in (("little", LITTLE), ("much", options.share)):
        (folder / name).mkdir()
        source, labels = make(folder / name, share)
        run = str(folder / f"run_{name}")
        data = ["--data.source", source]
        labeled = [*data, *(["--data.label_column", labels] if labels else [])]
        fixed = ["--fit.steps=20", "--fit.epochs=null", "--quiet", "--out", run]
        commands = {
            "pretrain": ["pretrain", recipe, *given, *data, *fixed],
            "evaluate": ["evaluate", run, *labeled],
            "embed": ["embed", run, source, "--out", f"{run}.npz"],
            "report": ["report", run, *labeled],
        }
        for command in options.commands:
            found[command, name] = watched(commands[command])
    for command in options.commands:
        (little, _, _), (much, own, seconds) = found[command, "little"], found[command, "much"]
        above = much - little, own - found[command, "little"][1]
        told = [f"**{x}**" if x > LIMIT else x for x in above]
        yield kind, command, little, much, *told, seconds


def watched(command):
    """Runs a command; returns its largest memory in MiB, that not of files, and its seconds."""
    begin, most = time.monotonic(), {"VmHWM:": 0, "RssAnon:": 0}
    process = subprocess.Popen(
        [sys.executable, "-m", "mmssl.cli", *command], stdout=subprocess.DEVNULL
    )
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        for line in most:
            if line in status:
                most[line] = max(most[line], int(status.split(line)[1].split()[0]) // 1024)
        time.sleep(TICK)
    if process.returncode:
        sys.exit(f"`mmssl {' '.join(command)}` ended with status {process.returncode}")
    return *most.values(), round(time.monotonic() - begin)


def pictures(folder, share):
    """Makes pictures in two classes, each of which is one of a few under many names."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)

    def write(path):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(path)

    return many(folder, ".jpg", write, share), "folder"


def sounds(folder, share):
    """Makes short sounds likewise."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)

    def write(path):
        soundfile.write(path, rng.normal(0, 0.1, 12_000), 8000)

    return many(folder, ".wav", write, share), "folder"


def many(folder, ending, write, share):
    """Writes 64 files, and links of other names to them; returns their folder."""
    for kind in "ab":
        (folder / kind).mkdir()
    for i in range(max(128, int(50_000 * share))):
        path = folder / "ab"[i % 2] / f"{i:06d}{ending}"
        if i < 64:
            write(path)
        else:
            os.link(folder / "ab"[i % 2] / f"{i % 64:06d}{ending}", path)
    return str(folder)


def recordings(folder, share):
    """Makes recordings of 3 hours, at 8 and at 16 kHz, most of them silence that is a hole."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)
    for i in range(64 if share > LITTLE else 8):
        path, rate = folder / "ab"[i % 2] / f"{i}.wav", (8000, 16000)[i // 2 % 2]
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, rng.normal(0, 0.1, 10 * rate), rate)
        size = 2 * int(3 * 3600 * rate * max(share, LITTLE))
        with open(path, "r+b") as file:
            for at, stated in ((4, 36 + size), (40, size)):
                file.seek(at)
                file.write(stated.to_bytes(4, "little"))
            file.truncate(44 + size)
    return str(folder), "folder"


def compressed(folder, share):
    """Makes such recordings in FLAC, of which there is one under many names."""
    import numpy as np
    import soundfile

    first = folder / "a" / "0.flac"
    first.parent.mkdir()
    noise = np.random.default_rng(0).normal(0, 0.1, 8000 * 60)
    minutes = int(180 * share) or 1
    with soundfile.SoundFile(first, "w", 8000, 1) as file:
        for _ in range(minutes):
            file.write(noise)
    (folder / "b").mkdir()
    for i in range(1, 64 if share > LITTLE else 8):
        os.link(first, folder / "ab"[i % 2] / f"{i}.flac")
    return str(folder), "folder"


def text(folder, share):
    """Makes one text of 2 GB, which has no labels."""
    path = folder / "text.txt"
    with open(path, "w") as file:
        file.writelines(prose(2e9 * share))
    return str(path), None


def texts(folder, share):
    """Makes texts of 1 MB, in two classes."""
    for i in range(max(16, int(2000 * share))):
        path = folder / "ab"[i % 2] / f"{i}.txt"
        path.parent.mkdir(exist_ok=True)
        with open(path, "w") as file:
            file.writelines(prose(1e6 if share > LITTLE else 1e5, i))
    return str(folder), "folder"


def rows(folder, share):
    """Makes a table of texts of 10 kB, of two classes."""
    import json

    path = folder / "rows.jsonl"
    with open(path, "w") as file:
        for i in range(max(100, int(200_000 * share))):
            row = {"text": "".join(prose(1e4, i)), "label": "ab"[i % 2]}
            file.write(f"{json.dumps(row)}\n")
    return str(path), "label"


def prose(size, seed=0):
    """Yields pieces of text of random words in sentences, of so many characters together."""
    import numpy as np

    blocks, rng = lines(), np.random.default_rng(seed)
    while size > 0:
        piece = blocks[rng.integers(len(blocks))][: max(100, int(size))]
        size -= len(piece)
        yield piece


@functools.cache
def lines():
    """Returns pieces of text of about 9,000 characters each."""
    import numpy as np

    rng, letters = np.random.default_rng(0), np.array(list("etaoinshrdlu"))
    words = np.array(["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(50_000)])
    chosen = words[np.minimum(rng.zipf(1.2, (BLOCKS, 125, 12)), len(words)) - 1]
    return [
        "".join(f"{' '.join(line).capitalize()}.\n" for line in sentences) for sentences in chosen
    ]


SMALL = ("--method.encoder.channels=16", "--method.encoder.context_dim=16", "--data.batch_size=8")
WORDS = (
    *("--data.batch_size=8", "--data.length=64", "--data.vocabulary_size=2000"),
    *("--method.encoder.width=32", "--method.encoder.mlp_dim=64", "--method.encoder.depth=1"),
)
ALONE = "--data.next_sentence=false"
KINDS = {
    "pictures": (pictures, "vision/simclr", "--data.size=32", "--data.batch_size=32"),
    "sounds": (sounds, "audio/cpc", *SMALL),
    "recordings": (recordings, "audio/cpc", *SMALL),
    "compressed": (compressed, "audio/cpc", *SMALL),
    "text": (text, "text/bert", *WORDS, ALONE, "--data.max_predictions=10"),
    "texts": (texts, "text/gpt", *WORDS),
    "rows": (rows, "text/bert", *WORDS, ALONE, "--data.max_predictions=10"),
}


if __name__ == "__main__":
    main()
