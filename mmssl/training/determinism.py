"""Whether a run's operations are deterministic, apart from how they are compiled."""

import contextlib

import tensorflow as tf

ON = (
    "Operations are deterministic: on one kind of machine, the seed gives the same weights again "
    "(fit.deterministic)."
)
OFF = (
    "Operations need not be deterministic, which costs time on a GPU: the seed may give other "
    "weights again. --fit.deterministic true makes them so."
)


def is_deterministic(fit):
    """Returns the recipe's choice; without one, whether there is no GPU, where it costs nothing.

    Args:
        fit: mmssl.runs.fit.Fit.
    """
    if fit.deterministic is None:
        return not tf.config.list_logical_devices("GPU")
    return fit.deterministic


@contextlib.contextmanager
def determinism(on):
    """Turns TensorFlow's deterministic operations on or off until the block ends."""
    from tensorflow.python.framework import config  # as Keras does; there is no public way back

    before = config.is_op_determinism_enabled()
    _switch(config, on)
    try:
        yield
    finally:
        _switch(config, before)


def _switch(config, on):
    config.enable_op_determinism() if on else config.disable_op_determinism()
