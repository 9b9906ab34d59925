"""The training step on Keras' JAX backend, where a model's state goes through it."""

STATE = (
    *("trainable_variables", "non_trainable_variables"),
    *("optimizer_variables", "metrics_variables"),
)


def take_step(method, batch):
    """Trains a compiled method on a batch, and puts what comes of it into its variables.

    Keras' `train_on_batch` does so too, but forgets the means of its metrics first.

    Args:
        method: compiled mmssl.methods.bases.Pretrainer, whose train function is made.
        batch: dict of arrays.

    Returns:
        dict of scalars, the running means of the metrics.
    """
    from keras.src.backend.jax.trainer import _distribute_data

    shares = _distribute_data((batch, None, None))
    method._symbolic_build(data_batch=shares)  # which does something once
    state = method._get_jax_state(**dict.fromkeys(STATE, True), purge_model_variables=False)
    logs, state = method.train_function(state, iter([shares]))
    method._jax_state = dict(zip(STATE, state, strict=True))
    method._jax_state_synced = False
    method.jax_state_sync()
    return logs
