"""An optimizer of parts that are trained by turns, each resting while another has its turn."""

import keras
from keras import ops


class TurnOptimizer(keras.optimizers.Optimizer):
    """Gives each of some parts an optimizer of its own, which rests where its gradients are zero.

    A step leaves a part alone whose gradients are all exactly zero: neither momentum nor weight
    decay moves it, and its moments and number of steps stay what they are, by which Adam corrects
    them. Learning rates of all are that of the shared optimizer, which is stepped every time; the
    schedule of a weight decay counts a part's own steps. Each optimizer clips its own gradients.

    Args:
        shared: keras optimizer of the variables of no part, built.
        parts: list of pairs of a keras optimizer, built, and the list of its variables.
    """

    def __init__(self, shared, parts, name="by_turns"):
        super().__init__(learning_rate=0.0, name=name)
        self.shared = shared
        self.parts = [optimizer for optimizer, _ in parts]
        # Ids, since Keras would track a list of variables as the optimizer's own.
        self._ids = tuple(frozenset(map(id, variables)) for _, variables in parts)
        for optimizer in self.parts:
            optimizer.learning_rate = lambda: self.shared.learning_rate

    def build(self, variables):
        super().build(variables)
        for optimizer, own in self._partition(zip(variables, variables, strict=True)):
            if not optimizer.built:
                optimizer.build([variable for _, variable in own])

    @property
    def variables(self):
        optimizers = (self.shared, *self.parts)
        return [variable for optimizer in optimizers for variable in optimizer.variables]

    @property
    def iterations(self):
        return self.shared.iterations

    @property
    def learning_rate(self):
        return self.shared.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self.shared.learning_rate = learning_rate

    def apply(self, grads, trainable_variables=None):
        variables = list(trainable_variables or self._trainable_variables)
        if not self.built:
            self.build(variables)
        *parts, (shared, own) = self._partition(zip(grads, variables, strict=True))
        for optimizer, pairs in parts:
            _apply_or_rest(optimizer, pairs)
        # Last, since the others take its learning rate of this step.
        shared.apply(*map(list, zip(*own, strict=True)))

    def finalize_variable_values(self, var_list):
        for optimizer, pairs in self._partition(zip(var_list, var_list, strict=True)):
            optimizer.finalize_variable_values([variable for _, variable in pairs])

    def _partition(self, pairs):
        """Lists each optimizer with its pairs, whose second are variables; the shared is last."""
        pairs, taken = list(pairs), frozenset().union(*self._ids)
        found = [
            (optimizer, [pair for pair in pairs if id(pair[1]) in ids])
            for optimizer, ids in zip(self.parts, self._ids, strict=True)
        ]
        return [*found, (self.shared, [pair for pair in pairs if id(pair[1]) not in taken])]


def _apply_or_rest(optimizer, pairs):
    given = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
    if not given:
        return
    gradients, variables = map(list, zip(*given, strict=True))
    has_turn = ops.any(ops.stack([ops.any(ops.not_equal(g, 0)) for g in gradients]))
    before = [(v, ops.copy(v)) for v in (*variables, *optimizer.variables)]
    optimizer.apply(gradients, variables)
    for variable, value in before:
        variable.assign(ops.where(has_turn, variable.value, value))
