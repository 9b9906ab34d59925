"""Closing of the iterators that are still open when the interpreter exits.

An interpreter that shuts down lets no other thread run Python. An iterator that is destroyed later
waits for its threads, and would wait forever for one that calls Python, as decoders do.
"""

import atexit
import gc
import sys


def close_at_exit():
    """Has every iterator closed before the interpreter shuts down."""
    atexit.register(_close)


def _close():
    if "tensorflow" not in sys.modules:
        return
    import tensorflow as tf

    kinds = (tf.data.Iterator, tf.distribute.DistributedIterator)
    for found in gc.get_objects():
        if issubclass(type(found), kinds):  # isinstance would load what is loaded lazily
            vars(found).clear()  # with the last reference, the resource goes and its threads end
    gc.collect()
