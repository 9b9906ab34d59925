"""Adagrad that moves only the rows of a table that occur in a batch, which Keras' moves all."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("mmssl")
class SparseAdagrad(keras.optimizers.Optimizer):
    """Adagrad (Duchi, Hazan, Singer 2011) without a term beside the root.

        G <- G + g^2
        w <- w - learning_rate * g / sqrt(G)

    Where the gradient of a table is `tf.IndexedSlices` of distinct rows, other rows of w and G stay
    as they are, which is what a gradient of zero does to them, and cost nothing.

    Args:
        learning_rate: float or schedule.
        initial_accumulator: of G, above 0. A gradient that is a mean over n examples in place of
            their sum needs one that is n^2 times smaller for the same steps.
        **kwargs: passed to keras.optimizers.Optimizer.

    Raises:
        ValueError: `initial_accumulator` is not above 0.
    """

    def __init__(
        self, learning_rate=0.05, initial_accumulator=0.1, name="sparse_adagrad", **kwargs
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if initial_accumulator <= 0:
            raise ValueError(
                f"SparseAdagrad(initial_accumulator=...) must be above 0; got "
                f"{initial_accumulator}."
            )
        self.initial_accumulator = initial_accumulator

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        start = keras.initializers.Constant(self.initial_accumulator)
        self.accumulators = self.add_optimizer_variables(
            variables, "accumulator", initializer=start
        )

    def update_step(self, gradient, variable, learning_rate):
        accumulator = self.accumulators[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype)
        if hasattr(gradient, "indices"):
            self._update_rows(gradient, variable, accumulator, rate)
            return
        gradient = ops.cast(gradient, variable.dtype)
        self.assign_add(accumulator, ops.square(gradient))
        self.assign_sub(variable, rate * gradient / ops.sqrt(accumulator))

    def _update_rows(self, gradient, variable, accumulator, rate):
        import tensorflow as tf

        rows, values = gradient.indices, gradient.values
        total = tf.gather(accumulator.value, rows) + tf.square(values)
        accumulator.value.scatter_update(tf.IndexedSlices(total, rows))
        variable.scatter_sub(tf.IndexedSlices(rate * values * tf.math.rsqrt(total), rows))

    def get_config(self):
        return {**super().get_config(), "initial_accumulator": self.initial_accumulator}
