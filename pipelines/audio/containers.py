"""Containers of sound, put right for libsndfile.

libsndfile does not read streams whose header was written before their length was known, chunks
without their pad byte, or more than the first of chained streams, and takes a file whose end is
missing for a shorter one.
"""

import functools
import itertools
import struct
from dataclasses import dataclass

from mmssl.pipelines.audio.mp3 import mp3_streams


@dataclass(frozen=True)
class _Layout:
    """How chunks follow each other.

    Attributes:
        start: position of the first chunk.
        name: bytes of a chunk's name.
        size: how the size behind the name is packed.
        counted: bytes of name and size that the size includes.
        align: multiple of bytes that a chunk is padded to.
        samples: how the name of the chunk of samples starts.
    """

    start: int
    name: int
    size: str
    counted: int
    align: int
    samples: bytes


_WAVS = (b"RIFF", b"RF64", b"BW64")
_WAV = _Layout(12, 4, "<I", 0, 2, b"data")
_OTHERS = {
    b"RIFX": _Layout(12, 4, ">I", 0, 2, b"data"),
    b"FORM": _Layout(12, 4, ">I", 0, 2, b"SSND"),
    b"caff": _Layout(8, 4, ">Q", 0, 1, b"data"),
    b"riff": _Layout(40, 16, "<Q", 24, 8, b"data"),
}


def regular_streams(data):
    """Returns the streams that a file holds one behind the other, as libsndfile reads them.

    A stream of unknown length (a size of 0, of all ones, or just below 2 or 4 GiB) extends to the
    end of the file.

    Args:
        data: bytes, the file.

    Returns:
        list of bytes, each a file; `data` itself where there is nothing to put right.

    Raises:
        ValueError: when the header states more samples than there are.
    """
    data = _without_tags(data)
    kind = data[:4]
    if kind in _WAVS:
        return [_wav(data)]
    if kind == b"OggS":
        return [data[a:b] for a, b in itertools.pairwise([*_ogg_starts(data), len(data)])]
    if kind == b".snd":
        return [_au(data)]
    if kind in _OTHERS:
        return [_with_true_size(data, _OTHERS[kind])]
    return [data] if kind == b"fLaC" else mp3_streams(data) or [data]


def check_whole(data):
    """Checks what a file states of its length, in little memory.

    Args:
        data: bytes or mmap, the file.

    Returns:
        bool, whether it holds one stream, which libsndfile reads as it is if it reads it at all.

    Raises:
        ValueError: when the header states more samples than there are.
    """
    kind = data[:4]
    if kind == b"OggS":
        return len(_ogg_starts(data)) == 1
    if kind in _WAVS:
        _wav_samples(data)
    elif kind == b".snd":
        _au_size(data)
    elif kind in _OTHERS:
        _sized_samples(data, _OTHERS[kind])
    elif kind != b"fLaC":
        return len(mp3_streams(data[:])) < 2
    return True


def _without_tags(data):
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) > at + 10:
        size = functools.reduce(lambda size, byte: size * 128 + byte, data[at + 6 : at + 10])
        at += 10 + size
    return data[at:]


def _wav(data):
    format_chunk, start, size = _wav_samples(data)
    return _written(format_chunk, data[start : start + size]) or data


def _wav_samples(data):
    """Returns the chunk of the format, and where the samples lie: (bytes, start, size)."""
    format_chunk = long_size = None
    for name, start, stated in _chunks(data, _WAV):
        if name == b"fmt ":
            content = data[start : start + stated]
            _check_rate(int.from_bytes(content[4:8], "little"))
            format_chunk = name + struct.pack("<I", len(content)) + content + bytes(stated % 2)
        elif name == b"ds64":
            content = data[start + 8 : start + 16]
            long_size = int.from_bytes(content, "little")
        elif name == b"data" and format_chunk:
            long = stated == 2**32 - 1 and long_size is not None
            return format_chunk, start, _true_size(data, start, long_size if long else stated)
    raise ValueError("it has no samples, or no format in front of them")


def _check_rate(rate):
    if rate >= 2**31:  # libsndfile's reason would be an internal error
        raise ValueError(f"its sample rate is stated as {rate} Hz")


def _written(format_chunk, samples):
    size = len(format_chunk) + len(samples) + 12
    if size >= 2**32:
        return None  # what cannot be written as RIFF is long enough to be right already
    start = struct.pack("<4sI4s", b"RIFF", size, b"WAVE")
    return start + format_chunk + struct.pack("<4sI", b"data", len(samples)) + samples


def _au(data):
    return data[:8] + struct.pack(">I", _au_size(data)) + data[12:]


def _au_size(data):
    offset, stated = struct.unpack_from(">II", data[:12].ljust(12, b"\0"), 4)
    return _true_size(data, offset, stated)


def _with_true_size(data, layout):
    found = _sized_samples(data, layout)
    if found is None:
        return data
    start, size = found[0], struct.pack(layout.size, found[1] + layout.counted)
    return data[: start - len(size)] + size + data[start:]


def _sized_samples(data, layout):
    """Returns where the samples lie, (start, size); None where there are none."""
    for name, start, stated in _chunks(data, layout):
        if name.startswith(layout.samples):
            return start, _true_size(data, start, stated)
    return None


def _chunks(data, layout):
    """Yields (name, start of the content, stated size) of chunks, up to that of the samples."""
    header = layout.name + struct.calcsize(layout.size)
    at, name = layout.start, b""
    while at + header <= len(data) and not name.startswith(layout.samples):
        name = data[at : at + layout.name]
        stated = struct.unpack_from(layout.size, data, at + layout.name)[0] - layout.counted
        yield name, at + header, stated
        end = at + header + max(stated, 0)
        pad = -end % layout.align
        # Some writers forget the pad byte.
        at = end if layout.align == 2 and data[end : end + pad] != bytes(pad) else end + pad


def _true_size(data, start, stated):
    there = len(data) - start
    if 0 < stated <= there or (stated == 0 and _is_chunk(data, start)):
        return stated
    # What writers put in place of a length that they do not know.
    if stated >= 0 and -stated % 2**31 <= 2**24:
        return there
    if stated < 0:
        raise ValueError("it is damaged: its samples have a negative size")
    raise ValueError(f"it is truncated: {max(there, 0)} of {stated} bytes of samples are there")


def _is_chunk(data, start):
    name, size = data[start : start + 4], int.from_bytes(data[start + 4 : start + 8], "little")
    return name.isalnum() and start + 8 + size <= len(data)


def _ogg_starts(data):
    """Returns where each stream of an Ogg file starts."""
    starts, at, first_before = [], 0, False
    while at < len(data):
        head = data[at : at + 27]
        body = at + 27 + head[26] if len(head) == 27 else len(data) + 1
        end = body + sum(data[at + 27 : body])
        if head[:4] != b"OggS" or end > len(data):
            raise ValueError("it is truncated or damaged: its last page is not whole")
        first = bool(head[5] & 2)  # the first page of a stream
        if first and not first_before:
            starts.append(at)
        at, first_before = end, first
    return starts or [0]
