"""A float32 copy of an encoder that was trained in mixed precision."""

import keras

_LOW_PRECISION = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


def as_float32(encoder):
    """Copies an encoder to one that computes in float32 and runs on any device.

    Deployment formats cannot express bfloat16 arithmetic, nor the cuDNN kernels that Keras uses for
    recurrent layers on a machine with a GPU. The copy has neither.

    Args:
        encoder: Functional `keras.Model` of any dtype policy. It is not modified.

    Returns:
        A functional `keras.Model` with the same layers, names and weights.
    """
    copy = encoder.__class__.from_config(_float32(encoder.get_config()))
    copy.set_weights(encoder.get_weights())
    for layer in copy._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    return copy


def _float32(config):
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return keras.dtype_policies.serialize(keras.DTypePolicy("float32"))
        return {
            key: "float32" if key == "dtype" and value in _LOW_PRECISION else _float32(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_float32(value) for value in config)
    return config
