"""Batch normalization with the settings shared by all encoders and heads."""

import keras


def batch_normalization(momentum=0.99, name=None, **kwargs):
    """Builds batch normalization over the global batch, synchronized across replicas.

    Args:
        momentum: of the moving statistics, in [0, 1).
        name: of the layer.
        **kwargs: passed to keras.layers.BatchNormalization.

    Returns:
        keras.layers.BatchNormalization.
    """
    # Keras supports synchronization only on TensorFlow.
    synchronized = keras.backend.backend() == "tensorflow"
    return keras.layers.BatchNormalization(
        momentum=momentum, epsilon=1e-5, synchronized=synchronized, name=name, **kwargs
    )
