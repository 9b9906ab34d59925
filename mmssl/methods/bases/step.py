"""The training step on TensorFlow: gradients of the parts of a batch, their sum, one update."""

from itertools import islice

import keras

from mmssl import distribution
from mmssl.methods.bases.parts import split


def train_step(method, data):
    """Trains a compiled method on a batch.

    Gradients are added up over the parts of the batch and then, once, over the replicas; the
    optimizer clips the sum. What else replicas tell each other in a step goes with them. No value
    is brought to the host.

    Args:
        method: compiled mmssl.methods.bases.Pretrainer.
        data: the batch, a dict of tensors.

    Returns:
        dict of scalars, the running means of the metrics over all replicas.
    """
    batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    loss, gradients = _over_parts(method, batch)
    metrics, replicas = method.get_metrics_result(), distribution.num_replicas()
    differing = method.own_statistics if replicas > 1 else []
    sent = (
        [loss],
        [] if method.votes is None else [method.votes.given()],
        list(metrics.values()),
        [keras.ops.copy(v) for v in differing],
        gradients,
    )
    joined = [x for group in sent for x in group]
    # XLA knows no tensors whose number of rows the data decide on.
    sparse = method.sparse_gradients and not method.jit_compile
    summed = iter(distribution.sum_joined(joined, sparse))
    [loss], votes, totals, statistics, gradients = (list(islice(summed, len(x))) for x in sent)
    method._loss_tracker.update_state(loss)
    method.finite.watch(method.optimizer.iterations, [loss, *gradients])
    if gradients:
        method.optimizer.apply_gradients(zip(gradients, method.trainable_weights, strict=True))
    else:  # a method that moves its weights itself
        method.optimizer.iterations.assign_add(1)
    for variable, total in zip(differing, statistics, strict=True):
        variable.assign(total / replicas)
    for counts in votes:
        method.votes.count(counts)
    logs = {name: total / replicas for name, total in zip(metrics, totals, strict=True)}
    return {**logs, "loss": method._loss_tracker.result()}


def function_of_workers(method):
    """Makes the train function of a method that trains in several processes.

    Keras' own would send every figure of the logs once more, and fails on scalars.

    Args:
        method: compiled mmssl.methods.bases.Pretrainer, built under the strategy of the workers.

    Returns:
        function of an iterator over batches, which returns the logs of its last step.
    """
    import tensorflow as tf

    strategy = method.distribute_strategy

    @tf.function(autograph=False, jit_compile=method.jit_compile, reduce_retracing=True)
    def step(batch):
        logs = strategy.run(method.train_step, args=(batch,))
        return {name: strategy.experimental_local_results(x)[0] for name, x in logs.items()}

    def steps(batches):
        logs = None
        for _, batch in zip(range(method.steps_per_execution), batches, strict=False):
            logs = step(batch)
        if logs is None:
            raise StopIteration
        return logs

    return steps


def _over_parts(method, batch):
    """Averages the loss and its gradients over the parts, one after the other."""
    first, *others = split(batch, method.accumulate) if method.accumulate > 1 else [batch]
    loss, gradients = method.gradients(method.compute_loss, first)
    for part in others:
        # Side by side, the parts would take the memory of the whole.
        part = after(gradients, part)
        more, addends = method.gradients(method.part_loss, part)
        loss, gradients = loss + more, list(map(_added, gradients, addends))
    return loss, gradients


def after(gradients, tensors):
    """Lets tensors wait for gradients, so that what is computed from them is computed then.

    Args:
        gradients: list of tensors, IndexedSlices or None.
        tensors: nested structure of tensors.

    Returns:
        The same structure, of equal values.
    """
    import tensorflow as tf

    dense = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    with tf.control_dependencies(dense):
        tensors = tf.nest.map_structure(tf.identity, tensors)
    # XLA heeds only what a value is computed from, and cannot know that none is NaN.
    some = tf.add_n([tf.reshape(tf.cast(g, tf.float32), [-1])[0] for g in dense])
    nothing = tf.where(some == some, 0, 1)

    def waiting(x):
        zero = tf.cast(nothing, x.dtype)
        return tf.logical_or(x, zero) if x.dtype == tf.bool else x + zero

    return tf.nest.map_structure(waiting, tensors)


def differentiated(method, loss_of, part):
    """Computes the loss of a part of a batch, and its gradients by a tape.

    Args:
        method: compiled mmssl.methods.bases.Pretrainer.
        loss_of: its `compute_loss` or `part_loss`.
        part: dict of tensors.

    Returns:
        scalar and list of tensors, IndexedSlices or None, one for each of `trainable_weights`, both
        divided by the number of parts, and the gradients scaled by the optimizer.
    """
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = method(part, training=True)
        loss = loss_of(x=part, y_pred=outputs, training=True) / method.accumulate
        scaled = method.optimizer.scale_loss(loss)
    return loss, tape.gradient(scaled, method.trainable_weights)


def _added(one, other):
    import tensorflow as tf

    return None if one is None else tf.convert_to_tensor(one) + tf.convert_to_tensor(other)


def _local_to_replica(value):
    """Makes a variable that every replica assigns by itself, and that is read from the first."""
    import tensorflow as tf

    return tf.Variable(
        value,
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


class FiniteWatch:
    """Remembers the first step whose loss or gradient had a NaN or an infinity.

    It is no part of a model's state: there is nothing to remember where training may go on.
    """

    def __init__(self):
        import tensorflow as tf

        self._first = _local_to_replica(tf.constant(-1, tf.int64))

    def watch(self, step, tensors):
        """Looks at a step.

        Args:
            step: int scalar, number of optimizer steps before it.
            tensors: list of its loss and gradients, IndexedSlices among them, or None.
        """
        import tensorflow as tf

        # A sum is no number if one of its terms is none, and takes no memory.
        values = [getattr(x, "values", x) for x in tensors if x is not None]
        sums = [tf.cast(tf.reduce_sum(x), tf.float32) for x in values]
        wrong = tf.logical_not(tf.reduce_all(tf.math.is_finite(tf.stack(sums))))
        first = tf.logical_and(wrong, self._first < 0)
        self._first.assign(tf.where(first, tf.cast(step, tf.int64), self._first))

    def first(self):
        """Returns the number of optimizer steps before that step, or None if there was none."""
        first = int(self._first.numpy())
        return None if first < 0 else first


class Votes:
    """What workers ask of each other, counted in the reduction of each step.

    So all of them know after the same step what any of them has asked for, such as to stop. To
    read the result waits for that step, and what is asked is sent to the device.

    Args:
        count: int, number of questions.
    """

    def __init__(self, count):
        self._given, self._counted = (_local_to_replica([0.0] * count) for _ in range(2))
        self._asked = [False] * count

    def given(self):
        """Returns this replica's votes, (count,)."""
        import tensorflow as tf

        return tf.identity(self._given)

    def count(self, votes):
        """Keeps the sum of the votes of all replicas; called in the step."""
        self._counted.assign(votes)

    def give(self, votes):
        """Sets the votes of this worker in the steps that follow, a list of bool."""
        if votes != self._asked:
            self._given.assign([float(vote) for vote in votes])
            self._asked = votes

    def result(self):
        """Says, a list of bool, whether any worker voted yes in the step before."""
        return [bool(count > 0) for count in self._counted.numpy()]
