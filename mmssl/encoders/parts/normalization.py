"""Batch normalization as all encoders have it."""

import keras


def batch_normalization(momentum=0.99, name=None, **kwargs):
    """Builds batch normalization over the whole batch, however many replicas share it.

    Args:
        momentum: of the moving statistics, in [0, 1).
        name: of the layer.
        **kwargs: passed to keras.layers.BatchNormalization.

    Returns:
        keras.layers.BatchNormalization.
    """
    # Keras synchronizes on TensorFlow alone.
    synchronized = keras.backend.backend() == "tensorflow"
    return keras.layers.BatchNormalization(
        momentum=momentum, epsilon=1e-5, synchronized=synchronized, name=name, **kwargs
    )
