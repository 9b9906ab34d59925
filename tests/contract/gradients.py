"""Which variables a loss does not move."""

import tensorflow as tf


def without_gradient(method, loss):
    """Returns the paths of trainable variables whose gradient is missing or zero.

    Args:
        method: Pretrainer.
        loss: function without arguments -> scalar.
    """
    with tf.GradientTape() as tape:
        value = loss()
    variables = method.trainable_variables
    gradients = tape.gradient(value, [variable.value for variable in variables])
    return [
        variable.path
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is None or not tf.reduce_any(tf.convert_to_tensor(gradient) != 0)
    ]
