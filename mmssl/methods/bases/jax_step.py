"""The training step on Keras' JAX backend, where a model's state goes through it."""

STATE = (
    *("trainable_variables", "non_trainable_variables"),
    *("optimizer_variables", "metrics_variables"),
)


class FiniteWatch:
    """Remembers the first step after whose update the loss or a weight was not finite.

    It is no part of a model's state, as that of `mmssl.methods.bases.step`.
    """

    def __init__(self):
        import jax

        self._first, self._look = -1, jax.jit(_first_wrong)

    def watch(self, steps, values):
        """Looks at a step, without waiting for it.

        Args:
            steps: int scalar, number of optimizer steps with it.
            values: list of its loss and the weights after it.
        """
        self._first = self._look(self._first, steps, values)

    def first(self):
        """Returns the number of optimizer steps before that step, or None if there was none."""
        first = int(self._first)
        return None if first < 0 else first


def _first_wrong(first, steps, values):
    import jax.numpy as jnp

    finite = jnp.all(jnp.stack([jnp.isfinite(jnp.sum(x, dtype=jnp.float32)) for x in values]))
    return jnp.where(finite | (first >= 0), first, steps - 1)


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
    weights = [v.value for v in method.trainable_variables]
    method.finite.watch(method.optimizer.iterations.value, [logs["loss"], *weights])
    return logs
