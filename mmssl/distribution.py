"""What one replica needs to know of the others."""

import keras

STRATEGIES = ("auto", "mirrored")


def make_strategy(name="auto"):
    """Builds the `tf.distribute` strategy that a run trains under.

    Args:
        name: `"auto"` is one device, or all local GPUs when there are several; `"mirrored"` is
            every local device of the fastest kind, virtual ones included.

    Returns:
        tf.distribute.Strategy.

    Raises:
        ValueError: no such strategy.
    """
    import tensorflow as tf

    if name not in STRATEGIES:
        raise ValueError(f"fit.strategy is one of {', '.join(STRATEGIES)}; got {name!r}.")
    gpus = tf.config.list_logical_devices("GPU")
    if name == "auto" and len(gpus) < 2:
        return tf.distribute.get_strategy()
    devices = gpus or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _context():
    """The replica that this code is traced for; None outside a step and off TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context if context and context.num_replicas_in_sync > 1 else None


def num_replicas():
    """Counts the replicas that work on one batch."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def gather(x):
    """Joins the replicas' rows.

    Args:
        x: (B, ...) on every replica.

    Returns:
        (replicas * B, ...), the same on every replica, in the order of the replicas; gradients
        go back to the replica that a row came from.
    """
    context = _context()
    return context.all_gather(x, axis=0) if context else x


def first_row(rows):
    """Tells where this replica's rows begin in what `gather` returns.

    Args:
        rows: int, rows on each replica.

    Returns:
        int or scalar int32 tensor.
    """
    context = _context()
    return context.replica_id_in_sync_group * rows if context else 0


def mean(x):
    """Averages a tensor over the replicas, with gradients.

    Args:
        x: any shape, the same on every replica.

    Returns:
        Tensor of that shape.
    """
    context = _context()
    return context.all_reduce("MEAN", x) if context else x


def sum_gradients(gradients):
    """Adds up the replicas' gradients, tables' rows included; None stays None.

    TensorFlow gives the gradient of a table as a list of rows, in which a token that occurs twice
    stands twice: the norm of such a list is not the gradient's.

    Args:
        gradients: list of tensors or None, this replica's.

    Returns:
        list of dense tensors or None, the same on every replica.
    """
    import tensorflow as tf

    dense = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    context = _context()
    summed = iter(context.all_reduce("SUM", dense) if context else dense)
    return [None if g is None else next(summed) for g in gradients]


def scale_loss(loss):
    """Divides a replica's mean loss by the number of replicas, whose gradients are added up.

    Args:
        loss: scalar, the mean over this replica's rows.

    Returns:
        scalar.
    """
    return loss / num_replicas()
