"""Workers of a run as processes of this machine."""

import os
import socket
import subprocess
import sys
import threading
import time

from mmssl.stopping import deferred
from mmssl.strategy import VARIABLE, config_of

PATIENCE = 60.0  # seconds in which the others end by themselves when one has failed
POLL = 0.1


def launch(arguments, workers):
    """Runs a command of mmssl in several processes that train together, until all have ended.

    What they print is told apart by the worker's number. When one fails, the others notice, and
    those that do not are ended. Ctrl-C and SIGTERM reach all of them; they end with this process,
    too, however it ends.

    Args:
        arguments: list of str, such as `["pretrain", "audio/cpc"]`.
        workers: int, number of processes, 1 or more.

    Returns:
        int, the exit status: 0, or that of the first one that failed.

    Raises:
        ValueError: there are no workers.
        StoppedError: a signal has ended them.
    """
    if workers < 1:
        raise ValueError(f"--workers must be 1 or more; got {workers}.")
    addresses = [f"127.0.0.1:{port}" for port in free_ports(workers)]
    with deferred(quiet=True) as request:
        processes = [_start(arguments, addresses, index) for index in range(workers)]
        try:
            return _wait([process for process, _ in processes], request)
        finally:
            for process, printing in processes:
                process.kill()
                process.wait()
                printing.join()


def free_ports(count):
    """Returns that many ports of this machine that nothing listens on, a list of int."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _start(arguments, addresses, index):
    process = subprocess.Popen(
        [sys.executable, "-m", "mmssl.training.launched", *arguments],
        env={**os.environ, VARIABLE: config_of(addresses, index), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,  # whose end tells them that this process is gone
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches them once, from here
    )
    printing = threading.Thread(target=_print, args=(process.stdout, index), daemon=True)
    printing.start()
    return process, printing


def _print(lines, index):
    for line in lines:
        print(f"[{index}] {line}", end="", flush=True)


def _wait(processes, request):
    """Waits until all have ended; returns the status of the first that failed, or 0."""
    told, failed, until = None, 0, None
    while any(process.poll() is None for process in processes):
        if request.number != told:
            told = request.number
            for process in processes:
                process.send_signal(told)
        failed = failed or _first_failed(processes)
        if failed and until is None:
            until = time.monotonic() + PATIENCE
        if until is not None and time.monotonic() > until:
            break
        time.sleep(POLL)
    return failed or _first_failed(processes)


def _first_failed(processes):
    ended = (process.poll() for process in processes)
    return next((_status(code) for code in ended if code), 0)


def _status(code):
    """The exit status of a shell for a process that a signal has ended."""
    return 128 - code if code < 0 else code
