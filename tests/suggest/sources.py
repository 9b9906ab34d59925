"""Small sources to look at."""

import gzip
import struct

import numpy as np
import soundfile
from PIL import Image


def pictures(folder, count, size=(96, 80), color=True, seed=0):
    """A folder of PNG pictures of broad strokes, each unlike the others."""
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(seed)
    for number in range(count):
        pixels = draws.integers(0, 255, (8, 8, 3 if color else 1), np.uint8)
        pixels = np.repeat(pixels, 3, axis=-1) if not color else pixels
        Image.fromarray(pixels).resize(size).save(folder / f"{number:04}.png")
    return folder


def recordings(folder, count, seconds=1.0, rate=8000, seed=0):
    """A folder of WAV files of noise whose level changes at random."""
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(seed)
    for number in range(count):
        level = np.repeat(draws.random(32), -(-int(seconds * rate) // 32))[: int(seconds * rate)]
        wave = 0.5 * level * draws.standard_normal(len(level))
        soundfile.write(folder / f"{number:04}.wav", np.clip(wave, -1, 1), rate)
    return folder


def sentence(number, words=120):
    """A text of words drawn at random."""
    draws = np.random.default_rng(number)
    return " ".join(f"w{draws.integers(0, 5000)}" for _ in range(words))


def passages(path, count, words=120):
    """A table of texts, every fourth of which is held out."""
    rows = (f"{sentence(n, words)}\t{'test' if n % 4 == 3 else 'train'}\n" for n in range(count))
    path.write_text("text\tsplit\n" + "".join(rows), encoding="utf-8")
    return path


def idx(folder, count):
    """A folder with the gzipped IDX file of gray pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (count, 28, 28), np.uint8)
    head = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28)
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(head + pixels.tobytes())
    return folder


def customers(path, count):
    """A table of ages, towns and ids; a fifth is held out, and one age is a word."""
    ages = [str(20 + i % 31) for i in range(count)]
    ages[3] = "abc"
    rows = [f"c{i},{ages[i]},{'ABC'[i % 3]},{('train', 'test')[i % 5 == 4]}" for i in range(count)]
    path.write_text("\n".join(["id,age,town,split", *rows]))
    return path
