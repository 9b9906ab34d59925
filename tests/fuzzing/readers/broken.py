"""Readers that do what none may do, so that it is known to be noticed."""

import ctypes
import os
import time

from tests.fuzzing.reader import Reader

VALID = b"valid"


def _on_damage(act):
    """Reads VALID and refuses random bytes, but acts on what is nearly VALID."""

    def read(name, data):
        if data != VALID and data[:1] == VALID[:1]:
            act()
        if data != VALID:
            raise ValueError("it is not valid")

    return lambda folder: ({"file": VALID}, read)


def _take_memory():
    return b"x" * 60_000_000


def _raise_type_error():
    raise TypeError


def _refuse_in_many_lines():
    raise ValueError("Traceback (most recent call last):")


def _refuse_without_a_word():
    raise ValueError


READERS = (
    Reader("a reader that crashes", _on_damage(lambda: ctypes.string_at(0))),
    Reader("a reader that aborts", _on_damage(os.abort)),
    Reader("a reader that hangs", _on_damage(lambda: time.sleep(100)), seconds=0.5),
    Reader("a reader that takes memory", _on_damage(_take_memory), megabytes=30),
    Reader("a reader that raises", _on_damage(_raise_type_error)),
    Reader("a reader that shows a trace", _on_damage(_refuse_in_many_lines)),
    Reader("a reader without a word", _on_damage(_refuse_without_a_word)),
    Reader("a reader that reads or refuses", _on_damage(lambda: None)),
)
