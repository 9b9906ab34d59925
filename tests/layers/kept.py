"""What a function of ours keeps for its gradient."""

import tensorflow as tf


def kept_by(function, x):
    """Returns what the function's own graph hands on beside its value, a list of tensors."""

    @tf.function(autograph=False)
    def kept(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        tape.gradient(y, x)
        return next(op for op in y.graph.get_operations() if "Call" in op.type).outputs[1:]

    return kept(x)
