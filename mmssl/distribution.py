"""What looks across replicas: gathering, averaging, scaling the loss."""

import functools

import keras

STRATEGIES = ("auto", "mirrored")


def make_strategy(name="auto"):
    """Builds the `tf.distribute` strategy that a run trains under.

    Args:
        name: `"auto"` uses one device, or all local GPUs if there are several; `"mirrored"` uses
            all local GPUs or, without any, all CPU devices, virtual ones included.

    Returns:
        tf.distribute.Strategy.

    Raises:
        ValueError: the strategy is unknown.
    """
    import tensorflow as tf

    if name not in STRATEGIES:
        raise ValueError(f"fit.strategy must be one of {', '.join(STRATEGIES)}; got {name!r}.")
    gpus = tf.config.list_logical_devices("GPU")
    if name == "auto" and len(gpus) < 2:
        return tf.distribute.get_strategy()
    devices = gpus or tf.config.list_logical_devices("CPU")
    return _mirrored(tuple(device.name for device in devices))


# One in a process: a second would give its collectives the names of the first one's, and those of
# another shape would end the run.
@functools.cache
def _mirrored(devices):
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


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


def gather(x):
    """Concatenates the rows of all replicas.

    Args:
        x: (B, ...) on every replica.

    Returns:
        (replicas * B, ...), the same on every replica, in replica order; gradients flow back to the
        replica that a row came from.
    """
    context = _context()
    return context.all_gather(x, axis=0) if context else x


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
    """Averages a tensor over the replicas; differentiable.

    Args:
        x: tensor of any shape, which is the same on every replica.

    Returns:
        Tensor of that shape.
    """
    context = _context()
    return context.all_reduce("MEAN", x) if context else x


def sum_gradients(gradients):
    """Sums the gradients of all replicas, sparse ones made dense; None stays None.

    TensorFlow represents the gradient of an embedding table as IndexedSlices, in which a token that
    occurs twice has two rows: the norm of these is not that of the gradient.

    Args:
        gradients: list of this replica's tensors, IndexedSlices or None.

    Returns:
        list of dense tensors or None, the same on every replica.
    """
    import tensorflow as tf

    dense = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    context = _context()
    summed = iter(context.all_reduce("SUM", dense) if context else dense)
    return [None if g is None else next(summed) for g in gradients]


def leave_summing(optimizer):
    """Makes a Keras optimizer take gradients as they are, which `sum_gradients` returned.

    It then clips the sum; by itself, it clips each replica's part and sums these.

    Args:
        optimizer: keras optimizer on TensorFlow, or one around others.
    """
    optimizer._all_reduce_sum_gradients = list
    for name in ("first", "second", "inner_optimizer"):
        if hasattr(optimizer, name):
            leave_summing(getattr(optimizer, name))


def scale_loss(loss):
    """Divides a replica's mean loss by the number of replicas, since gradients are summed.

    Args:
        loss: scalar, the mean over this replica's rows.

    Returns:
        scalar.
    """
    return loss / num_replicas()
