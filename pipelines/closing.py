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

    kinds = _and_subclasses(tf.data.Iterator) | _and_subclasses(tf.distribute.DistributedIterator)
    for found in gc.get_objects():
        if type(found) in kinds:  # isinstance would take a second, and load what is loaded lazily
            vars(found).clear()  # with the last reference, the resource goes and its threads end


def _and_subclasses(kind):
    return {kind}.union(*map(_and_subclasses, kind.__subclasses__()))
