"""Inputs for a reader: valid files with faults put into them, and bytes at random."""

import re

from hypothesis import strategies as st

_STEPS = 6  # changes of one input, at most
_STEP = 5  # drawn bytes that a change is made of: which one, where, and what
SHORTEST = 2 + _STEP  # bytes of a program of one change
_RANDOM = 24  # of 256 inputs, those that are no file at all
_HEAD = 64  # bytes of a file in which half of the changes are made
_NUMBERS = (
    *(0, 1, 2, 3, 7, 16, 0x7F, 0x80, 0xFE, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 60_000),
    *(2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
)
_TOKEN = re.compile(rb'"[^"\n]*"|-?\d+(?:\.\d+)?|true|false|null|[^\s:,\[\]{}"]+')
# What stands for a value in JSON and YAML, and in tables.
_VALUES = (
    *(b"0", b"-1", b"1", b"1.5", b"1e999", b"NaN", b"9" * 30, b"9" * 5000, b"null", b"true"),
    *(b'""', b'"a"', b'"../x"', b'"/dev/zero"', b'"\\ud800"', b'"\\u0000"', b"[]", b"{}"),
    *(
        b"[[1]]",
        b'{"a": 1}',
        b"[" * 5000,
        b'{"a":' * 5000,
        b"!!python/object:os.system",
        b"&a [*a]",
    ),
    *(b"\xff", b"\x00", b"\t", b"\n", b"\r", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"'", b"*"),
)


def inputs(files):
    """Returns a strategy of pairs of the name of a file and the bytes that take its place.

    Args:
        files: dict of name -> bytes, valid files.
    """
    # Of one draw, since many small ones would take longer than most readers.
    programs = st.binary(min_size=SHORTEST, max_size=2 + _STEPS * _STEP)
    return programs.map(lambda program: changed(files, program))


def changed(files, program):
    """Changes a file as bytes say.

    Args:
        files: dict of name -> bytes, valid files.
        program: `SHORTEST` bytes or more: which file, another one, and what is done.

    Returns:
        Pair of the name of the file and the bytes that take its place.
    """
    names = sorted(files)
    which, other, *rest = program
    name = names[which % len(names)]
    if which >= 256 - _RANDOM:
        return name, bytes(rest)
    data = files[name]
    for kind, *numbers in zip(*[iter(rest)] * _STEP, strict=False):
        where, what = (numbers[0] << 8 | numbers[1], numbers[2] << 8 | numbers[3])
        change = CHANGES[kind % len(CHANGES)]
        data = change(data, where, what, files[names[other % len(names)]])
    return name, data


def _place(data, where):
    """Returns a position, in the head of the file for every other `where`."""
    size = min(len(data), _HEAD) if where % 2 else len(data)
    return where * size >> 16


def _span(data, where, what):
    """Returns the begin and the end of a part, short for every other `what`."""
    begin = _place(data, where)
    longest = 32 if what % 2 else len(data)
    return begin, begin + 1 + (what * longest >> 16)


def _flip(data, where, what, other):
    at = _place(data, where)
    if not data:
        return data
    return data[:at] + bytes([data[at] ^ 1 << what % 8]) + data[at + 1 :]


def _octet(data, where, what, other):
    at = _place(data, where)
    return data[:at] + bytes([what % 256]) + data[at + 1 :]


def _number(data, where, what, other):
    at = _place(data, where)
    value, form = _NUMBERS[what % len(_NUMBERS)], what // len(_NUMBERS)
    size, order = (1, 2, 4, 8)[form % 4], ("little", "big")[form // 4 % 2]
    value %= 256**size
    return data[:at] + value.to_bytes(size, order) + data[at + size :]


def _cut(data, where, what, other):
    return data[: where * len(data) >> 16]


def _without(data, where, what, other):
    begin, end = _span(data, where, what)
    return data[:begin] + data[end:]


def _repeated(data, where, what, other):
    begin, end = _span(data, where, what)
    return data[:end] + data[begin:end] * (1 + what % 7) + data[end:]


def _moved(data, where, what, other):
    begin, end = _span(data, where, what)
    rest, part = data[:begin] + data[end:], data[begin:end]
    to = _place(rest, what * 40_503 % 2**16)
    return rest[:to] + part + rest[to:]


def _spliced(data, where, what, other):
    begin, end = _span(other, what, where)
    at = _place(data, where)
    return data[:at] + other[begin:end] + (data[at + end - begin :] if what % 3 else data[at:])


def _joined(data, where, what, other):
    return data + other


def _value(data, where, what, other):
    found = list(_TOKEN.finditer(data[:10_000]))
    if not found:
        return data
    token = found[where * len(found) >> 16]
    return data[: token.start()] + _VALUES[what % len(_VALUES)] + data[token.end() :]


CHANGES = (
    *(_flip, _octet, _number, _number, _cut, _without),
    *(_repeated, _moved, _spliced, _joined, _value, _value),
)
