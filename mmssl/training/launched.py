"""A worker that `launch` has started: the command, which ends with the process that started it."""

import os
import runpy
import signal
import threading
import time

PATIENCE = 30.0  # seconds from SIGTERM to SIGKILL: a checkpoint takes 25 at most


def end_with_the_launcher(patience=PATIENCE):
    """Ends this process when the one that holds the other end of its standard input has ended.

    However that was, even by SIGKILL: the system then closes what it held. This process is told by
    SIGTERM, as if it were preempted, and is ended where that does not help, such as in an operation
    that waits for another worker. Its standard input is empty from now on.

    Args:
        patience: float, seconds that it has to end by itself.
    """
    held, nothing = os.dup(0), os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    threading.Thread(target=_follow, args=(held, nothing, patience), daemon=True).start()


def _follow(held, nothing, patience):
    os.read(held, 1)  # which returns at the end: nothing is ever written
    for printed in (1, 2):
        os.dup2(nothing, printed)  # since nobody reads it, to print would fail
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    end_with_the_launcher()
    runpy.run_module("mmssl.cli", run_name="__main__", alter_sys=True)
