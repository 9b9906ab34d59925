"""Two optimizers that act as one Keras optimizer."""

import keras


class PairedOptimizer(keras.optimizers.Optimizer):
    """Combines two optimizers, each updating its own variables and clipping its own gradients.

    Keras' trainers on every backend, and checkpoints, handle a single optimizer; the variables of
    this one are those of both. Its learning rate is that of the first.

    Args:
        first: keras optimizer of all variables except `second_variables`.
        second: keras optimizer of `second_variables`.
        second_variables: list of variables that the second optimizer updates.
    """

    def __init__(self, first, second, second_variables, name="paired"):
        super().__init__(learning_rate=0.0, name=name)
        self.first, self.second = first, second
        # Ids, since Keras would track a list of variables as the optimizer's own.
        self._second_ids = frozenset(id(variable) for variable in second_variables)

    def build(self, variables):
        super().build(variables)
        for optimizer, indices in self._partition(variables):
            if not optimizer.built:
                optimizer.build([variables[i] for i in indices])

    @property
    def variables(self):
        return [*self.first.variables, *self.second.variables]

    @property
    def iterations(self):
        return self.first.iterations

    @property
    def learning_rate(self):
        return self.first.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self.first.learning_rate = learning_rate

    def apply(self, grads, trainable_variables=None):
        variables = list(trainable_variables or self._trainable_variables)
        if not self.built:
            self.build(variables)
        for optimizer, indices in self._partition(variables):
            optimizer.apply([grads[i] for i in indices], [variables[i] for i in indices])

    def finalize_variable_values(self, var_list):
        for optimizer, indices in self._partition(var_list):
            optimizer.finalize_variable_values([var_list[i] for i in indices])

    def _partition(self, variables):
        """Pairs each optimizer with the indices of its variables in a list."""
        indices = range(len(variables))
        second = [i for i in indices if id(variables[i]) in self._second_ids]
        return (self.first, sorted(set(indices) - set(second))), (self.second, second)


def paired(make, variables, second_variables, **second):
    """Builds a PairedOptimizer of one kind, the second optimizer with settings of its own.

    Args:
        make: function that builds an optimizer, see `Pretrainer.make_optimizers`.
        variables: all trainable variables.
        second_variables: those of the second optimizer.
        **second: passed to `make` for the second optimizer.

    Returns:
        PairedOptimizer, built.
    """
    theirs = {id(variable) for variable in second_variables}
    others = [variable for variable in variables if id(variable) not in theirs]
    pair = PairedOptimizer(make(others), make(second_variables, **second), second_variables)
    pair.build(variables)
    return pair
