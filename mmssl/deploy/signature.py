"""The inputs of an encoder, by name."""


def named_inputs(encoder):
    """Returns the symbolic inputs by name; a None in their `.shape` stands for any size.

    Args:
        encoder: Functional `keras.Model` with named inputs.

    Returns:
        Dict of `keras.KerasTensor` by input name.
    """
    return {tensor.name: tensor for tensor in encoder.inputs}


def signature(encoder, batch=None):
    """Returns the input signature of a `tf.function` of the encoder's dict of inputs.

    Args:
        encoder: Functional `keras.Model` with named inputs.
        batch: Fixed number of examples, or None for any.

    Returns:
        List of one dict of `tf.TensorSpec` by input name.
    """
    import tensorflow as tf

    return [
        {
            name: tf.TensorSpec((batch, *tensor.shape[1:]), tensor.dtype, name=name)
            for name, tensor in named_inputs(encoder).items()
        }
    ]
