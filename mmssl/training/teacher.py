"""A teacher whose weights are a moving average of the student's."""

import math

import keras
from keras import ops


class EMATeacher(keras.layers.Layer):
    """Follows a student: after n steps its weights are sum_i (prod_{j>i} m_j) (1 - m_i) w_i + ...

    Each `update` sets `teacher = m * teacher + (1 - m) * student`, in float32 under every
    precision policy. The student's weights are the same on all replicas, so the teacher's are
    too, without communication. It gives no gradient.

    Args:
        student: keras.Model, functional; copied, not kept.
        momentum: m of the first update, in [0, 1].
        final_momentum: m after `steps` updates, reached along a half cosine; None keeps `momentum`.
        steps: updates until then; needed with `final_momentum`.

    Batch statistics (batch norm's moving mean and variance) are averaged like weights. Whether
    the teacher normalises by those or by its own batch is the `training` argument of its call; in
    training mode its own moving statistics are overwritten by the next update all the same.

    Raises:
        ValueError: a momentum is outside [0, 1], or `steps` is missing.
    """

    def __init__(self, student, momentum=0.996, final_momentum=None, steps=None, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("momentum", momentum), ("final_momentum", final_momentum)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"EMATeacher({name}=...) is in [0, 1]; got {value}.")
        if final_momentum is not None and not steps:
            raise ValueError("EMATeacher(final_momentum=...) needs steps, the length of the way.")
        self.momentum, self.final_momentum, self.steps = momentum, final_momentum, steps
        self.model = keras.models.clone_model(student)
        self.model.set_weights(student.get_weights())
        # Per variable: trainable=False on the model would put batch norm into inference mode.
        for variable in self.model.trainable_variables:
            variable.trainable = False
        self.updates = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="updates"
        )

    def current_momentum(self):
        """Returns m of the next update, a float32 scalar."""
        if self.final_momentum is None:
            return ops.convert_to_tensor(self.momentum, "float32")
        done = ops.minimum(ops.cast(self.updates.value, "float32") / self.steps, 1.0)
        rest = (ops.cos(math.pi * done) + 1.0) / 2.0
        return self.final_momentum - (self.final_momentum - self.momentum) * rest

    def update(self, student):
        """Moves every weight towards the student's.

        Args:
            student: the model that the teacher was made from.
        """
        momentum = self.current_momentum()
        for own, theirs in zip(self._averaged(self.model), self._averaged(student), strict=True):
            own.assign(momentum * own.value + (1.0 - momentum) * theirs.value)
        self.updates.assign_add(1)

    def call(self, inputs, training=False):
        outputs = self.model(inputs, training=training)
        return keras.tree.map_structure(ops.stop_gradient, outputs)

    @staticmethod
    def _averaged(model):
        return [v for v in model.weights if keras.backend.is_float_dtype(v.dtype)]
