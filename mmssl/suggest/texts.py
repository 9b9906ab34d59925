"""What the size and the beginning of a text tell."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.pipelines.sources.extensions import CODE_EXTENSIONS
from mmssl.pipelines.sources.tables import NO_TEXT
from mmssl.suggest.duplicates import SIZE, sketch

NEAR = 0.9  # cosine of the sketches of copies, see `near_duplicates`
_BEGINNING = 2**14  # bytes that are read
_WORDS = 3  # a phrase of which the sketch is made


@dataclass(frozen=True, eq=False)
class Text:
    """A text.

    Attributes:
        characters: its length, of a file in bytes.
        code: bool, whether the file is one of a programming language, by its ending.
        sketch: see `duplicates`.
    """

    characters: int
    code: bool
    sketch: np.ndarray


def examine(item, sample_rate=None):
    """Examines a text.

    Args:
        item: pathlib.Path, bytes in UTF-8, or str.
        sample_rate: not used.

    Returns:
        Text.

    Raises:
        ValueError: it is not UTF-8, or blank; the message is the reason.
    """
    code = False
    if isinstance(item, Path):
        code, size = item.suffix.lower() in CODE_EXTENSIONS, item.stat().st_size
        with open(item, "rb") as file:
            text = _decoded(file.read(_BEGINNING))
    elif isinstance(item, bytes):
        text, size = _decoded(item[:_BEGINNING]), len(item)
    else:
        text, size = str(item)[:_BEGINNING], len(item)
    if not text.strip():
        raise ValueError(NO_TEXT)
    return Text(size, code, _sketch(text))


def _decoded(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) == _BEGINNING and error.start > _BEGINNING - 4:  # cut within a character
            return data[: error.start].decode("utf-8-sig")
        raise ValueError(f"it is not UTF-8 text ({error.reason})") from error


def _sketch(text):
    """Adds up the bits of the hashes of all phrases, of which copies share most."""
    words = re.findall(r"\w+", text.lower()) or [text]
    phrases = {" ".join(words[i : i + _WORDS]) for i in range(max(1, len(words) - _WORDS + 1))}
    hashes = [hashlib.blake2b(p.encode(), digest_size=SIZE // 8).digest() for p in phrases]
    bits = np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8)).reshape(-1, SIZE)
    return sketch(bits.mean(axis=0))
