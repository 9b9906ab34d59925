"""What a pipeline makes, in arrays that tests can compare."""

import numpy as np


def elements(pipeline, batches=3, **kwargs):
    """Returns the elements of some batches, under each name in one array."""
    taken = list(pipeline.batches(**kwargs).take(batches).as_numpy_iterator())
    return {name: np.concatenate([batch[name] for batch in taken]) for name in taken[0]}


def same(one, other):
    """Says whether two dicts hold equal arrays under equal names."""
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)
