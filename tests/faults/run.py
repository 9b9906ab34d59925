"""Puts faults into a copy of the code, one at a time, and looks which of them the tests notice.

    python -m tests.faults.run [-k TEXT] [--jobs 2] [--seconds 600]

A fault is caught where a test fails with it and passes without it. Tests that cannot be imported
catch nothing.
"""

import argparse
import functools
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults.copies import make_copy, place_in, read_heavy_modules, run_tests
from tests.faults.faults import FAULTS

OPTIONS = ["-x", "-q", "-m", "not learning", "-p", "no:cacheprovider", "-rfE", "--tb=no"]
PASSED, FAILED = 0, 1  # exit codes of pytest; what cannot be imported has another one


@dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes:
        fault: the Fault.
        caught: whether a test noticed it.
        by: that test, or why there is none.
        seconds: it took.
    """

    fault: object
    caught: bool
    by: str
    seconds: float


def main():
    options = _options()
    faults = [f for f in FAULTS if options.k.lower() in f"{f.file} {f.name}".lower()]
    faults.sort(key=lambda fault: fault.file)
    outcomes, context = [], multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as root,
        ProcessPoolExecutor(options.jobs, context, _begin, [root]) as pool,
    ):
        trials = functools.partial(try_fault, Path(root), options.seconds)
        for outcome in pool.map(trials, faults):
            outcomes.append(outcome)
            print(_line(len(outcomes), len(faults), outcome), flush=True)
    print(_table(outcomes))
    caught = sum(outcome.caught for outcome in outcomes)
    print(f"caught {caught} of {len(outcomes)}")
    return int(caught < len(outcomes))


def try_fault(root, seconds, fault):
    """Puts a fault into this process' copy, runs its tests, and takes it out again.

    Returns:
        Outcome.
    """
    begin, folder = time.monotonic(), root / str(os.getpid())
    place = place_in(folder, fault.file)
    sound = place.read_text()
    place.write_text(fault.put_into(sound))
    try:
        only = ["-k", fault.only] if fault.only else []
        code, failed = run_tests(folder, [*OPTIONS, *only, *fault.tests], seconds)
    finally:
        place.write_text(sound)
    caught, by = False, _reason(code)
    if code == FAILED and failed:
        caught, by = _passes(folder, failed[0], seconds), failed[0]
        by = by if caught else f"{by} fails without the fault"
    return Outcome(fault, caught, by, time.monotonic() - begin)


@functools.cache
def _passes(folder, test, seconds):
    return run_tests(folder, [*OPTIONS, test], seconds)[0] == PASSED


def _reason(code):
    return {PASSED: "all tests pass", None: "time is up"}.get(
        code, f"no test ran: pytest ends {code}"
    )


def _begin(root):
    folder = Path(root) / str(os.getpid())
    make_copy(folder)
    read_heavy_modules()


def _line(number, count, outcome):
    word = "caught" if outcome.caught else "MISSED"
    return f"{number}/{count} {word} {outcome.seconds:.0f} s  {outcome.fault.name}: {outcome.by}"


def _table(outcomes):
    rows = [(o.fault.file, o.fault.name, o.by if o.caught else f"MISSED: {o.by}") for o in outcomes]
    return "\n".join(("", "| file | fault | caught by |", "|---|---|---|", *map(_row, rows), ""))


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-k", default="", help="only faults with this in their file or sentence")
    parser.add_argument("--jobs", type=int, default=2, help="faults tried at a time")
    parser.add_argument("--seconds", type=float, default=600, help="a fault's tests may take")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
