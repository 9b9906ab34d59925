"""Stopping by Ctrl-C and SIGTERM: at once, or where nothing is lost."""

import contextlib
import os
import signal
import threading

_NOTICE = b"\nstopping after this step; once more stops at once\n"
_TOO_LATE = b"mmssl: stopped in the middle of a step; the last checkpoint is of before.\n"


class StoppedError(KeyboardInterrupt):
    """What runs was told to stop.

    Args:
        words: str, what was stopped and what is kept.
        number: number of the signal.

    Attributes:
        status: int, the exit status of a process that stops for this.
    """

    def __init__(self, words="stopped.", number=signal.SIGINT):
        super().__init__(words)
        self.number = number
        self.status = 128 + number


class Request:
    """A signal that has arrived and waits for the block to look at it.

    Attributes:
        number: number of the signal; None while there is none.
    """

    number = None


@contextlib.contextmanager
def at_once():
    """Raises a StoppedError for SIGTERM inside the block, as Python raises one for Ctrl-C."""

    def stop(number, frame):
        raise StoppedError(number=number)

    with _handling(stop, [signal.SIGTERM]):
        yield


@contextlib.contextmanager
def deferred(quiet=False, patience=None):
    """Keeps Ctrl-C and SIGTERM from interrupting the block, which looks at them where it can stop.

    A second signal does what it did before the block: it stops at once.

    Args:
        quiet: do not say that the signal has arrived.
        patience: seconds after SIGTERM in which the block must end, or the process does, since the
            machine is about to go; None for no end.

    Yields:
        Request.

    Raises:
        StoppedError: the block has ended without looking at a signal.
    """
    request = Request()

    with contextlib.ExitStack() as ending, contextlib.ExitStack() as handling:

        def note(number, frame):
            request.number = number
            handling.close()
            if number == signal.SIGTERM and patience is not None:
                ending.callback(_end_after(patience).cancel)
            if not quiet:
                os.write(2, _NOTICE)  # print may have been interrupted itself

        handling.enter_context(_handling(note, [signal.SIGINT, signal.SIGTERM]))
        yield request
    if request.number:
        raise StoppedError(number=request.number)


def _end_after(seconds):
    """Ends the process as a signal would, unless the timer that it returns is canceled."""

    def end():
        os.write(2, _TOO_LATE)
        os._exit(128 + signal.SIGTERM)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer


@contextlib.contextmanager
def _handling(handler, numbers):
    """Handles signals inside the block, but for those that are ignored; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former or signal.SIG_DFL)
