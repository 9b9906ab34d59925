"""Timing of ways of doing the same in turns, so that what else a machine does hits all alike."""

import statistics
import time

LEAST_SECONDS = 0.15  # of a way in a round


def seconds_of(way):
    """Returns the median seconds of a call of a function without arguments."""
    taken, end = [], time.perf_counter() + LEAST_SECONDS
    while not taken or time.perf_counter() < end:
        begin = time.perf_counter()
        way()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def compared(times, rounds):
    """Takes times in turns.

    Args:
        times: dict from the name of a way to a function that returns seconds.
        rounds: int; one more comes first and does not count.

    Returns:
        dict from each name to `seconds`, the median over the rounds, and `over`, a dict from each
        name to the median over the rounds of that one's seconds over its own.
    """
    taken = {name: [] for name in times}
    for _ in range(rounds + 1):
        for name, time_of in times.items():
            taken[name].append(time_of())
    return {
        name: {
            "seconds": statistics.median(own[1:]),
            "over": {other: _ratio(theirs, own) for other, theirs in taken.items()},
        }
        for name, own in taken.items()
    }


def _ratio(theirs, own):
    return statistics.median(a / b for a, b in zip(theirs[1:], own[1:], strict=True))
