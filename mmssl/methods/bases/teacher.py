"""A teacher whose weights are a moving average of the student's."""

import math
from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices


class EMATeacher(keras.layers.Layer):
    """An exponential moving average (EMA) of a student's weights.

    With w_i the student's weights and m_i the momentum at the i-th update, and t_0 the initial
    weights, the teacher's weights after n updates are

        t_n = (prod_{j=1}^n m_j) t_0 + sum_{i=1}^n (prod_{j=i+1}^n m_j) (1 - m_i) w_i

    since each `update` sets `teacher = m * teacher + (1 - m) * student`, in float32 under every
    precision policy. The student's weights are the same on all replicas, so the teacher's are
    too, without communication. No gradient flows through the teacher.

    A method calls `update` at the start of its loss, before it calls the teacher. That is
    equivalent to the papers' update after the optimizer's step, since the very first update finds
    two equal models; it therefore does not count in the momentum schedule. `finalize` makes up for
    the update that is still due after the last step of a training.

    Whether the teacher's batch norm uses moving statistics or those of the batch depends on the
    `training` argument of its call.

    Args:
        student: functional keras.Model; copied, not kept.
        momentum: m of the first update, in [0, 1].
        final_momentum: m after `steps` updates, in [0, 1]; None keeps `momentum`.
        steps: number of updates from `momentum` to `final_momentum`. With None, `momentum` is kept
            until the attribute `steps` is set, as a method's `set_total_steps` does.
        ramp: schedule of m: half a `cosine` (BYOL, DINO), or `linear` (data2vec).
        copied: names of layers whose weights are copied from the student instead of averaged, such
            as embeddings that both networks use.
        statistics: whether batch norm's moving mean and variance are `averaged` like weights, or
            the teacher's `own`, updated by the batches that it sees in training mode.

    Raises:
        ValueError: a momentum is outside [0, 1], a choice is unknown, or the student lacks a layer.
    """

    def __init__(
        self,
        student,
        momentum=0.996,
        final_momentum=None,
        steps=None,
        ramp: Literal["cosine", "linear"] = "cosine",
        copied=(),
        statistics: Literal["averaged", "own"] = "averaged",
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_choices(EMATeacher.__init__, ramp=ramp, statistics=statistics)
        _check(student, momentum, final_momentum, copied)
        self.momentum, self.final_momentum, self.steps = momentum, final_momentum, steps
        self.ramp = ramp
        self.statistics = statistics
        self.model = keras.models.clone_model(student)
        for own, theirs in zip(self.model.weights, student.weights, strict=True):
            own.assign(ops.copy(theirs))  # on JAX a step takes the memory of what it is given
        # Per variable: trainable=False on the model would put batch norm into inference mode.
        for variable in self.model.trainable_variables:
            variable.trainable = False
        self._copied = {id(v) for name in copied for v in self.model.get_layer(name).weights}
        self.updates = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="updates"
        )
        self.finalized = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="finalized"
        )

    def current_momentum(self):
        """Returns m of the next update, a float32 scalar."""
        if self.final_momentum is None or self.steps is None:
            return ops.convert_to_tensor(self.momentum, "float32")
        counted = ops.maximum(ops.cast(self.updates.value, "float32") - 1.0, 0.0)
        rest = 1.0 - ops.minimum(counted / self.steps, 1.0)
        if self.ramp == "cosine":
            rest = (1.0 - ops.cos(math.pi * rest)) / 2.0
        return self.final_momentum - (self.final_momentum - self.momentum) * rest

    def update(self, student):
        """Moves every weight towards the student's.

        Args:
            student: the model that the teacher was created from.
        """
        self._follow(student)
        self.finalized.assign(0)

    def finalize(self, student):
        """Runs the next `update` ahead of time, which then does nothing.

        Args:
            student: the model that the teacher was created from.
        """
        self._follow(student)
        self.finalized.assign(1)

    def _follow(self, student):
        step = ops.where(self.finalized.value > 0, 0.0, 1.0 - self.current_momentum())
        for own, theirs in zip(self._floats(self.model), self._floats(student), strict=True):
            if self.statistics == "own" and not theirs.trainable:
                continue
            if id(own) in self._copied:
                own.assign(theirs.value)
            else:
                own.assign(own.value + step * (theirs.value - own.value))
        self.updates.assign_add(1 - self.finalized.value)

    def call(self, inputs, training=False):
        outputs = self.model(inputs, training=training)
        return keras.tree.map_structure(ops.stop_gradient, outputs)

    @staticmethod
    def _floats(model):
        return [v for v in model.weights if keras.backend.is_float_dtype(v.dtype)]


def _check(student, momentum, final_momentum, copied):
    for name, value in (("momentum", momentum), ("final_momentum", final_momentum)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"EMATeacher({name}=...) must be in [0, 1]; got {value}.")
    there = [layer.name for layer in student.layers]
    unknown = [name for name in copied if name not in there]
    if unknown:
        raise ValueError(
            f"EMATeacher(copied=...) names the unknown layer {unknown[0]!r}; the student has "
            f"{', '.join(there)}."
        )
