"""Work in several processes of this machine."""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from mmssl.quiet import load_tensorflow


def in_processes(work, numbers, workers):
    """Yields what a function returns for each of some numbers, in the order in which it ends.

    Args:
        work: function of an int; it can be pickled unless `workers` is 1.
        numbers: list of int.
        workers: processes, 1 or more; with 1, this one does it.

    Yields:
        What `work` returns. Where the caller stops asking, or an error is raised, the processes
        are ended.

    Raises:
        ValueError: a process was ended from outside, as for lack of memory.
    """
    if min(workers, len(numbers)) <= 1:
        yield from map(work, numbers)
        return
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(workers, len(numbers)), context, _begin)
    try:
        waiting = [pool.submit(work, number) for number in numbers]
        for done in as_completed(waiting):
            yield done.result()
    except BrokenProcessPool as error:
        raise ValueError(
            "one of the processes was ended from outside, as for lack of memory: what is done is "
            "kept; start again, with fewer --workers"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()


def _begin():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process gets Ctrl-C, and ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.redirect_stdout(None):
        load_tensorflow()


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)
