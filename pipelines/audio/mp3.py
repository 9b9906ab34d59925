"""MP3 files, which have no container: where they begin, and where another one begins."""

import re

_SEARCHED = 2**16  # bytes that may lie in front of the first frame
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KILOBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def mp3_streams(data):
    """Splits MP3 files that were put behind each other.

    Args:
        data: bytes, a file; what lies in front of the first frame is left out.

    Returns:
        list of bytes, each one MP3; empty where there are no frames of layer III.
    """
    streams, at = [], 0
    while (start := _first_frame(data, at)) is not None:
        size = _stated_size(data, start)
        at = start + size if size else len(data)
        if _first_frame(data, at) is None:
            at = len(data)
        streams.append(data[start:at])
    return streams


def states_its_length(data):
    """Returns whether an MP3 that begins with a frame has a header that counts its frames."""
    return any(tag in data[4:40] for tag in (b"Xing", b"Info"))


def _stated_size(data, start):
    """Returns the bytes of a stream by its header (Xing), None where it has none."""
    tag = re.search(rb"(?:Xing|Info)\0\0\0([\x03\x07\x0b\x0f])", data[start : start + 48])
    at = start + tag.end() + 4 if tag else len(data)
    return int.from_bytes(data[at : at + 4], "big") if at + 4 <= len(data) else None


def _first_frame(data, begin):
    for found in re.finditer(rb"\xff[\xe2-\xfb]", data[begin : begin + _SEARCHED]):
        first = begin + found.start()
        second = first + _frame_size(data, first)
        third = second + _frame_size(data, second)
        if first < second < third and _frame_size(data, third):
            return first
    return None


def _frame_size(data, at):
    """Returns the bytes of the frame at a position, 0 where there is none."""
    head = int.from_bytes(data[at : at + 4], "big")
    version, layer, bits, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or bits in (0, 15) or rate == 3:
        return 0
    samples = 144 if version == 3 else 72  # an eighth of those of a frame
    return samples * 1000 * _KILOBITS[version == 3][bits] // _RATES[version][rate] + (head >> 9 & 1)
