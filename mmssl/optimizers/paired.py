"""Two optimizers that Keras takes for one."""

import keras


class PairedOptimizer(keras.optimizers.Optimizer):
    """Lets two optimizers update variables of their own, each clipping its own gradient.

    Keras' trainers on every backend, and checkpoints, know one optimizer; its variables are
    those of both. Its learning rate is the first one's.

    Args:
        first: keras optimizer of all variables but those of the second.
        second: keras optimizer.
        second_variables: the second one's variables.
    """

    def __init__(self, first, second, second_variables, name="paired"):
        super().__init__(learning_rate=0.0, name=name)
        self.first, self.second = first, second
        # By identity: a list of variables would be taken for the optimizer's own.
        self._of_second = frozenset(id(variable) for variable in second_variables)

    def build(self, variables):
        super().build(variables)
        for optimizer, places in self._shares(variables):
            if not optimizer.built:
                optimizer.build([variables[i] for i in places])

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
        for optimizer, places in self._shares(variables):
            optimizer.apply([grads[i] for i in places], [variables[i] for i in places])

    def finalize_variable_values(self, var_list):
        for optimizer, places in self._shares(var_list):
            optimizer.finalize_variable_values([var_list[i] for i in places])

    def _clip_gradients(self, grads):
        clipped = list(grads)
        for optimizer, places in self._shares(self._trainable_variables):
            own = optimizer._clip_gradients([grads[i] for i in places])
            for i, gradient in zip(places, own, strict=True):
                clipped[i] = gradient
        return clipped

    def _shares(self, variables):
        """Pairs each optimizer with the places of its variables in a list."""
        places = range(len(variables))
        second = [i for i in places if id(variables[i]) in self._of_second]
        return (self.first, sorted(set(places) - set(second))), (self.second, second)


def paired(make, variables, second_variables, **second):
    """Builds two optimizers of one kind as one, the second with settings of its own.

    Args:
        make: function that builds an optimizer, see `Pretrainer.make_optimizers`.
        variables: all variables that are trained.
        second_variables: those of the second optimizer.
        **second: what `make` is given for these.

    Returns:
        PairedOptimizer, built.
    """
    theirs = {id(variable) for variable in second_variables}
    others = [variable for variable in variables if id(variable) not in theirs]
    pair = PairedOptimizer(make(others), make(second_variables, **second), second_variables)
    pair.build(variables)
    return pair
