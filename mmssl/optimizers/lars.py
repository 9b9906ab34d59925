"""LARS, which Keras lacks."""

import keras
from keras import ops

from mmssl.optimizers.biases_and_norms import is_bias_or_norm


@keras.saving.register_keras_serializable("mmssl")
class LARS(keras.optimizers.Optimizer):
    """Layer-wise adaptive rate scaling (You, Gitman, Ginsburg 2017, arXiv 1708.03888).

    SGD with momentum whose learning rate is adapted for each variable w with gradient g:

        d = g + weight_decay * w
        v <- momentum * v + learning_rate * trust_coefficient * |w| / |d| * d
        w <- w - v

    The trust ratio `trust_coefficient * |w| / |d|` is 1 where either norm is 0. Biases and norms
    are excluded: they are not decayed and are updated by `v <- momentum * v + learning_rate * g`.
    The denominator is the norm of the decayed gradient, as in the official code of SimCLR, BYOL,
    Barlow Twins and VICReg; the paper's is |g| + weight_decay * |w|. The learning rate multiplies
    the gradient, as in the paper, SimCLR and Keras' SGD; BYOL's code multiplies v by it, which is
    the same while the rate is constant.

    Args:
        learning_rate: float or schedule; large, as the trust coefficient is small.
        momentum: in [0, 1).
        weight_decay: added to the gradient, not decoupled; 0 or more.
        trust_coefficient: eta; above 0. None for a trust ratio of 1 throughout, which is SGD with
            momentum and coupled weight decay (the decay of Keras' SGD is decoupled, which makes it
            weaker by a factor of 1 - momentum).
        exclude: variables, or their paths, that are neither decayed nor adapted; None excludes
            those with fewer than two axes and those named bias.
        **kwargs: passed to keras.optimizers.Optimizer.

    Raises:
        ValueError: an argument is out of range; on build, `exclude` names an unknown variable, or a
            path that two variables share.
    """

    def __init__(
        self,
        learning_rate=0.1,
        momentum=0.9,
        weight_decay=0.0,
        trust_coefficient=0.001,
        exclude=None,
        name="lars",
        **kwargs,
    ):
        # Keras' own weight decay would be decoupled from the gradient.
        super().__init__(learning_rate=learning_rate, weight_decay=None, name=name, **kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f"LARS(momentum=...) must be in [0, 1); got {momentum}.")
        if weight_decay < 0:
            raise ValueError(f"LARS(weight_decay=...) must be 0 or more; got {weight_decay}.")
        if trust_coefficient is not None and trust_coefficient <= 0:
            raise ValueError(
                f"LARS(trust_coefficient=...) must be above 0; got {trust_coefficient}."
            )
        self.momentum = momentum
        self.decay = weight_decay
        self.trust_coefficient = trust_coefficient
        if exclude is not None:
            # Paths survive saving, and Keras would track variables as the optimizer's own.
            exclude = [v if isinstance(v, str) else v.path for v in exclude]
        self.exclude = exclude

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")
        self._adapted = [not excluded for excluded in self._exclusions(variables)]

    def _exclusions(self, variables):
        if self.exclude is None:
            return list(map(is_bias_or_norm, variables))
        paths = [v.path for v in variables]
        for path in self.exclude:
            if paths.count(path) != 1:
                raise ValueError(
                    f"LARS(exclude=...) names {path!r}, the path of {paths.count(path)} of the "
                    f"variables {', '.join(paths)}: exclude only variables that the optimizer is "
                    "built on, and give layers unique names."
                )
        return [path in self.exclude for path in paths]

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        weight = ops.convert_to_tensor(variable)
        gradient = ops.cast(ops.convert_to_tensor(gradient), weight.dtype)
        rate = ops.cast(learning_rate, weight.dtype)
        if self._adapted[index]:
            gradient = gradient + self.decay * weight
            rate = rate * self._ratio(weight, gradient)
        velocity = self.velocities[index]
        self.assign(velocity, self.momentum * velocity + rate * gradient)
        self.assign_sub(variable, velocity)

    def _ratio(self, weight, gradient):
        if self.trust_coefficient is None:
            return 1.0
        length, slope = (ops.sqrt(ops.sum(ops.square(x))) for x in (weight, gradient))
        known = ops.logical_and(length > 0, slope > 0)
        return ops.where(known, self.trust_coefficient * length / slope, 1.0)

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "weight_decay": self.decay,
            "trust_coefficient": self.trust_coefficient,
            "exclude": self.exclude,
        }
