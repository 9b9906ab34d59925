"""Running a network on single batches, outside of the steps that replicas take."""

import keras
import numpy as np


def inference(model):
    """Compiles a network in inference mode.

    Keras' `predict` would have every replica of a strategy compute the whole batch.

    Args:
        model: functional keras.Model.

    Returns:
        function of the model's inputs, to its outputs; it is traced for each size of a batch.
    """
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: model.predict_on_batch(keras.tree.map_structure(np.asarray, inputs))
    import tensorflow as tf

    return tf.function(lambda inputs: model(inputs, training=False), autograph=False)
