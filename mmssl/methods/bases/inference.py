"""Running a network on single batches, outside of the steps that replicas take."""

import keras
import numpy as np
from keras import ops


def inference(model):
    """Compiles a network in inference mode.

    Keras' `predict` would have every replica of a strategy compute the whole batch, and on JAX
    takes the variables' memory, which other models share.

    Args:
        model: functional keras.Model.

    Returns:
        function of the model's inputs, to its outputs; it is traced for each size of a batch.
    """
    if keras.backend.backend() == "jax":
        return _on_jax(model)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    return lambda inputs: model(inputs, training=False)


def _on_jax(model):
    import jax

    call = jax.jit(lambda *arguments: model.stateless_call(*arguments, training=False)[0])
    state = [
        [v.value for v in x] for x in (model.trainable_variables, model.non_trainable_variables)
    ]
    return lambda inputs: call(*state, keras.tree.map_structure(np.asarray, inputs))


def first_outputs(model, batches, count):
    """Runs a network on the first examples of some batches.

    Args:
        model: functional keras.Model, to one output (B, D).
        batches: tf.data.Dataset of dicts with at least the model's inputs.
        count: number of examples; those of the batch that reaches it are all used.

    Returns:
        float32 array (N, D).
    """
    found = []
    for batch in batches:
        outputs = model({name: batch[name] for name in model.input})
        found.append(ops.convert_to_numpy(ops.cast(outputs, "float32")))
        if sum(map(len, found)) >= count:
            break
    return np.concatenate(found)
