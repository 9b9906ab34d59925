"""Whether batch norm sees the batch of all replicas, or that of its own."""

import functools

import keras

from mmssl import distribution


def synchronize(method, on):
    """Sets whether the batch norms of a method normalize over the batch of all replicas.

    Args:
        method: mmssl.methods.bases.Pretrainer, whose step is not traced yet.
        on: bool; off, each replica normalizes by the statistics of its own part of the batch, which
            sends nothing in the forward pass; on, those that are built so see the batch of all.

    Returns:
        list of the moving statistics of which each replica has its own, to be averaged.
    """
    if keras.backend.backend() != "tensorflow":
        return []  # where Keras cannot choose
    own = []
    for norm in _batch_norms(method):
        # Keras has no public way to reduce once instead of three times, nor to choose so late.
        norm._moments = functools.partial(distribution.norm_moments, norm, on)
        if norm.trainable and norm.built and not (norm.synchronized and on):
            own += [norm.moving_mean, norm.moving_variance]
    return own


def _batch_norms(method):
    layers = {id(layer): layer for layer in method._flatten_layers()}.values()
    return [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
