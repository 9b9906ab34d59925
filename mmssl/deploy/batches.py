"""Batches without examples, which a server may be sent as well."""

import tensorflow as tf

from mmssl.deploy.signatures import named_inputs


def for_any_batch(model):
    """Returns a function that gives an empty batch to a model as a batch of one.

    Reductions and reshapes of some layers fail on axes of size zero.

    Args:
        model: Functional `keras.Model` with named inputs and a dict of outputs.

    Returns:
        Function from a dict of tensors (B, ...) by input name, B from 0 on, to a dict (B, ...).
    """
    open_axes = {
        name: [size is None for size in tensor.shape]
        for name, tensor in named_inputs(model).items()
    }

    def call(inputs):
        rows = tf.shape(next(iter(inputs.values())))[0]
        filled = {name: _filled(value, open_axes[name]) for name, value in inputs.items()}
        outputs = model(filled, training=False)
        return {name: value[:rows] for name, value in outputs.items()}

    return call


def _filled(value, open_axes):
    missing = tf.maximum(0, 1 - tf.shape(value)) * tf.constant(open_axes, tf.int32)
    filled = tf.pad(value, tf.stack([tf.zeros_like(missing), missing], axis=1))
    return tf.ensure_shape(filled, value.shape)
