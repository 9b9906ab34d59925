"""What tests leave in a process, and how it is freed."""

import gc

import keras
import tensorflow as tf
from tensorflow.python.framework.ops import gradient_registry

from mmssl.layers import approximate_gelu

_lasting = set()  # names of gradients of graphs that last


def begin():
    """Spares the imported modules from all later garbage collections."""
    for dtype in ("float32", "bfloat16", "float16"):
        tf.function(approximate_gelu)(tf.zeros(1, dtype))  # whose graph lasts, see mmssl/layers
    _lasting.update(gradient_registry.list())
    gc.freeze()


def clear_session():
    """Clears Keras' session, and frees the graphs that it leaves to TensorFlow.

    TensorFlow keeps the graph of every step that reduces across replicas, and with it 30 MB, since
    the gradient of what is reduced is registered by name: these are forgotten.
    """
    for name in set(gradient_registry.list()) - _lasting:
        del gradient_registry._registry[name]
    keras.backend.clear_session()


def end_file():
    """Clears the session, and spares what outlasts it from all later garbage collections.

    Each of these would look through what TensorFlow keeps of all files before: a fifth of the time.
    """
    clear_session()
    gc.freeze()
