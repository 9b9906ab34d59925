"""Measures how the memory of commands grows with the data: it should not.

Each command runs on a little of one kind of data, and on much of it: 50,000 pictures, 64 recordings
of 3 hours, a text of 2 GB. What the second takes above the first is what the data cost. One JSON
line per command goes to stdout, in MiB: the largest resident memory, and of it what is not mapped
from files, which the system takes back when it needs it. Linux only; the data are made in a
temporary folder, pictures and recordings of links and holes that take no room.

    python benchmarks/resident.py files recordings text
    python benchmarks/resident.py text --share 0.1
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LITTLE = 0.002  # of the data that the comparison has
TICK = 0.05  # seconds between looks at a process


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.environ["MMSSL_CACHE"] = str(Path(folder, "cache"))
        for kind in options.kinds:
            for line in measure(kind, Path(folder, kind), options):
                print(json.dumps(line), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="+", choices=KINDS)
    parser.add_argument("--share", type=float, default=1.0, help="of the data that are much")
    parser.add_argument("--folder", help="where to make the data; the system's if not given")
    parser.add_argument("--commands", nargs="+", default=COMMANDS, choices=COMMANDS)
    return parser.parse_args()


def files(folder, share):
    """Makes pictures in two classes, each of which is one of a few under many names."""
    import numpy as np
    from PIL import Image

    rng, count = np.random.default_rng(0), max(128, int(50_000 * share))
    for kind in "ab":
        (folder / kind).mkdir(parents=True)
    for i in range(64):
        pixels = rng.integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "ab"[i % 2] / f"{i:06d}.jpg")
    for i in range(64, count):
        os.link(folder / "ab"[i % 2] / f"{i % 64:06d}.jpg", folder / "ab"[i % 2] / f"{i:06d}.jpg")
    return str(folder), "folder"


def recordings(folder, share):
    """Makes recordings of 3 hours, of 16 bits at 8 kHz, of which most is silence that is a hole."""
    import numpy as np
    import soundfile

    rng, samples = np.random.default_rng(0), int(3 * 3600 * 8000 * max(share, LITTLE))
    for i in range(64 if share > LITTLE else 8):
        path = folder / "ab"[i % 2] / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.normal(0, 0.1, 80_000), 8000)
        with open(path, "r+b") as file:
            file.seek(4)
            file.write((36 + 2 * samples).to_bytes(4, "little"))
            file.seek(40)
            file.write((2 * samples).to_bytes(4, "little"))
            file.truncate(44 + 2 * samples)
    return str(folder), "folder"


def text(folder, share):
    """Makes one text of random words in lines, of 2 GB in all, and a little one beside it."""
    import numpy as np

    rng, size = np.random.default_rng(0), int(2e9 * share)
    letters = np.array(list("etaoinshrdlu"))
    words = ["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(5000)]
    for kind, most in (("a", size), ("b", 100_000)):
        path = folder / kind / "text.txt"
        path.parent.mkdir(parents=True)
        with open(path, "w") as file:
            while file.tell() < most:
                lines = rng.choice(words, (2000, 12))
                file.write("".join(f"{' '.join(line).capitalize()}.\n" for line in lines))
    return str(folder), "folder"


KINDS = {
    "files": (files, "vision/simclr", ["--data.size=32", "--data.batch_size=32"]),
    "recordings": (recordings, "audio/cpc", ["--data.batch_size=8"]),
    "text": (text, "text/gpt", ["--data.batch_size=8", "--data.length=64"]),
}
COMMANDS = ["pretrain", "evaluate", "embed", "report"]


def measure(kind, folder, options):
    """Yields a dict for each command: its memory on little and on much data."""
    make, recipe, tiny = KINDS[kind]
    found = {}
    for name, share in (("little", LITTLE), ("much", options.share)):
        source, labels = make(folder / name, share)
        run = str(folder / f"run_{name}")
        labeled = ["--data.source", source, "--data.label_column", labels]
        fixed = ["--fit.steps=20", "--fit.epochs=null", "--quiet", "--out", run]
        commands = {
            "pretrain": ["pretrain", recipe, *tiny, "--data.source", source, *fixed],
            "evaluate": ["evaluate", run, *labeled],
            "embed": ["embed", run, source, "--out", f"{run}.npz"],
            "report": ["report", run, *labeled],
        }
        for command in options.commands:
            found[command, name] = watched(commands[command])
    for command in options.commands:
        little, much = found[command, "little"], found[command, "much"]
        yield {
            "bench": "resident",
            "data": kind,
            "share": options.share,
            "command": command,
            "little_mib": little,
            "much_mib": much,
            "above_mib": {what: much[what] - little[what] for what in ("resident", "own")},
        }


def watched(command):
    """Runs a command, and returns its largest memory in MiB, seconds, and its exit status."""
    begin, most = time.monotonic(), {"resident": 0, "own": 0}
    process = subprocess.Popen(
        [sys.executable, "-m", "mmssl.cli", *command], stdout=subprocess.DEVNULL
    )
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        for what, line in (("resident", "VmHWM:"), ("own", "RssAnon:")):
            if line in status:
                kib = int(status.split(line)[1].split()[0])
                most[what] = max(most[what], kib // 1024)
        time.sleep(TICK)
    return {**most, "seconds": round(time.monotonic() - begin), "status": process.returncode}


if __name__ == "__main__":
    main()
