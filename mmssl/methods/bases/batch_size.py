"""How many examples a batch must have for a method to learn from it."""

import keras

from mmssl import distribution


def check_batch_size(method, size, replicas=1):
    """Checks that a batch has enough examples for a method to learn from.

    Args:
        method: mmssl.methods.bases.Pretrainer.
        size: int, examples of the batch, those of all replicas together.
        replicas: int, number of replicas that share the batch.

    Raises:
        ValueError: examples are compared with each other or normalized over the batch, and there is
            only one.
    """
    name, least = type(method).__name__, method.min_batch_size
    if size < least:
        raise ValueError(
            f"{name} compares the examples of a batch with each other, and a batch of {size} "
            f"leaves nothing to compare: give a batch_size of {least} or more."
        )
    for norm in _norms_of_vectors(method):
        rows, shared = (size, 1) if norm.synchronized else (size // replicas, replicas)
        if rows < 2:
            where = "" if shared == 1 else f" on each of {replicas} replicas"
            raise ValueError(
                f"{name} normalizes vectors over the batch, in {norm.name}, which makes all of "
                f"them equal where there is {rows}{where}: give a batch_size of {2 * shared} or "
                "more."
            )


def check_rows(method, batch):
    """Does the same for the batch of this replica in a training step.

    It is said before the first step where the number of rows is known when the step is traced, as
    that of the pipelines is, and else in the step that has too few.

    Args:
        method: see `check_batch_size`.
        batch: dict of tensors (B, ...).

    Raises:
        ValueError: see `check_batch_size`.
    """
    rows = keras.tree.flatten(batch)[0]
    replicas = distribution.num_replicas()
    if rows.shape[0] is not None:
        check_batch_size(method, rows.shape[0] * replicas, replicas)
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        least = -(-method.min_batch_size // replicas)
        message = (
            f"{type(method).__name__} compares the examples of a batch with each other, and a "
            "batch of 1 leaves nothing to compare: drop the remainder of an epoch."
        )
        tf.debugging.assert_greater_equal(tf.shape(rows)[0], least, message)


def _norms_of_vectors(method):
    """Lists the batch norms without positions, such as pixels, that they could normalize over."""
    norms = (x for x in method._flatten_layers() if isinstance(x, keras.layers.BatchNormalization))
    return [norm for norm in norms if norm.trainable and norm.built and norm.input_spec.ndim == 2]
