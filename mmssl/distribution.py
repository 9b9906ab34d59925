"""What looks across replicas: gathering, averaging, scaling the loss."""

import keras
from keras import ops

PACK = 32 * 2**20  # bytes that are sent at once


def _context():
    """Replica context of the code being traced; None with one replica or off TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context if context and context.num_replicas_in_sync > 1 else None


def num_replicas():
    """Returns the number of replicas that share one global batch."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def has_workers(strategy):
    """Says whether a tf.distribute.Strategy has replicas in other processes."""
    import tensorflow as tf

    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return False
    return strategy.num_replicas_in_sync > len(strategy.extended.worker_devices)


def gather(x):
    """Concatenates the rows of all replicas.

    Args:
        x: (B, ...) on every replica.

    Returns:
        (replicas * B, ...), the same on every replica, in replica order; gradients flow back to the
        replica that a row came from.
    """
    context = _context()
    if context is None:
        return x
    import tensorflow as tf

    # An input of the step, other than what is computed from it, has no device; workers ask for one.
    rows = context.all_gather(tf.identity(x), axis=0)
    own, *rest = x.shape
    rows.set_shape([own and own * context.num_replicas_in_sync, *rest])  # which it forgets
    return rows


def in_turn(tensors):
    """Brings the rows of one replica at a time to all.

    Args:
        tensors: list of (B, ...) on every replica, float32 or int32.

    Yields:
        list of the same tensors of replica 0, then those of replica 1 and so on, the same on every
        replica; gradients flow back to the replica that they came from.
    """
    context = _context()
    for number in range(num_replicas() if context else 1):
        if context is None:
            yield list(tensors)
            continue
        mine = context.replica_id_in_sync_group == number
        given = [ops.where(mine, x, ops.zeros_like(x)) for x in tensors]
        yield [context.all_reduce("SUM", x) for x in given]


def first_row(rows):
    """Returns the index of this replica's first row in the result of `gather`.

    Args:
        rows: int, number of rows on each replica.

    Returns:
        int or scalar int32 tensor.
    """
    context = _context()
    return context.replica_id_in_sync_group * rows if context else 0


def mean(x):
    """Averages a tensor, or several in one reduction, over the replicas; differentiable.

    Args:
        x: tensor of any shape, which is the same on every replica, or a list of float32 tensors.

    Returns:
        Tensor of that shape, or list of them.
    """
    context = _context()
    return context.all_reduce("MEAN", x) if context else x


def moments(x, axes):
    """Computes mean and variance over the rows of all replicas, in one reduction.

    Keras sends sums, squares and counts one by one; replicas have as many rows each, so that means
    will do. The variance of all is what squares exceed the square of the mean by, of which float32
    would leave few digits where a mean is far from 0: that is computed in float64.

    Args:
        x: float32 tensor, of one shape on every replica.
        axes: list of int, the axes that are averaged over, the batch's among them.

    Returns:
        mean and variance, float32 of the other axes' shape.
    """
    own = ops.moments(x, axes)
    if _context() is None:
        return own
    average, variance = (ops.cast(y, "float64") for y in own)
    average, square = ops.unstack(mean(ops.stack([average, variance + ops.square(average)])))
    variance = ops.maximum(square - ops.square(average), 0.0)
    return ops.cast(average, x.dtype), ops.cast(variance, x.dtype)


def norm_moments(norm, everyone, inputs, mask):
    """Computes what a batch norm normalizes by, in the place of its own `_moments`.

    Args:
        norm: keras.layers.BatchNormalization.
        everyone: bool, whether one that is synchronized sees the rows of all replicas, or those of
            its own.
        inputs: float32 tensor.
        mask: bool tensor of the inputs' first axes, or None.

    Returns:
        See `moments`.
    """
    if mask is not None or not norm.synchronized:
        return type(norm)._moments(norm, inputs, mask)
    compute = moments if everyone else ops.moments
    return compute(inputs, norm._reduction_axes)


def sum_joined(tensors, sparse=False):
    """Sums tensors over all replicas; None stays None.

    Many are sent as one, in packs that are on their way while others are still computed.
    TensorFlow represents the gradient of an embedding table as IndexedSlices, in which a token that
    occurs twice has two rows: the norm of these is not that of the gradient. They are made dense,
    or, where they are to stay sparse, are given one row each.

    Args:
        tensors: list of this replica's float32 tensors, IndexedSlices or None.
        sparse: whether IndexedSlices stay such, with distinct rows.

    Returns:
        list of tensors or None, the same on every replica.
    """
    import tensorflow as tf

    kept = [sparse and isinstance(x, tf.IndexedSlices) for x in tensors]
    pairs = list(zip(tensors, kept, strict=True))
    dense = [tf.convert_to_tensor(x) for x, keep in pairs if x is not None and not keep]
    context = _context()
    if context:
        packs = tf.distribute.experimental.CommunicationOptions(bytes_per_pack=PACK)
        dense = context.all_reduce("SUM", dense, packs)
    summed = iter(dense)
    return [None if x is None else _distinct(x) if keep else next(summed) for x, keep in pairs]


def _distinct(slices):
    """Brings the rows of all replicas together, and adds up those of one index."""
    import tensorflow as tf

    indices = gather(tf.reshape(slices.indices, [-1]))
    width = slices.values.shape[-1]
    values = gather(tf.reshape(slices.values, [-1, width]))
    rows, places = tf.unique(indices)
    values = tf.math.unsorted_segment_sum(values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, slices.dense_shape)


def leave_summing(optimizer):
    """Makes a Keras optimizer take gradients as they are, which `sum_joined` returned.

    It then clips the sum; by itself, it clips each replica's part and sums these.

    Args:
        optimizer: keras optimizer on TensorFlow, or one around others.
    """
    optimizer._all_reduce_sum_gradients = list
    for name in ("first", "second", "shared", "inner_optimizer"):
        if hasattr(optimizer, name):
            leave_summing(getattr(optimizer, name))
    for part in getattr(optimizer, "parts", ()):
        leave_summing(part)


def scale_loss(loss):
    """Divides a replica's mean loss by the number of replicas, since gradients are summed.

    Args:
        loss: scalar, the mean over this replica's rows.

    Returns:
        scalar.
    """
    return loss / num_replicas()
