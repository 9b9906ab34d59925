"""Silencing the messages of libraries."""

import contextlib
import logging
import os
import sys


@contextlib.contextmanager
def quiet():
    """Discards everything written to standard error inside the block, by native code as well.

    For the few calls that print messages which no log level silences; exceptions still propagate.
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
    """Silences a Python logger inside the block, except for critical errors.

    Args:
        name: name of the logger.
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def load_tensorflow():
    """Imports TensorFlow and looks for devices, without what both print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with quiet():
        import tensorflow

        tensorflow.config.list_physical_devices()
