"""Keeping notes of libraries off the terminal."""

import contextlib
import logging
import os
import sys


@contextlib.contextmanager
def quiet():
    """Drops what is written to standard error, past Python as well, until the block ends.

    For the few calls that write notes which no log level stops; errors are raised all the same.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def quiet_logger(name):
    """Drops what a logger of Python's says until the block ends, except for critical errors.

    Args:
        name: of the logger.
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
