"""What will not work, said before the first step."""

import json

import keras

from mmssl.encoders import shortest
from mmssl.methods.bases.batch_size import check_batch_size
from mmssl.methods.bases.parts import check_splittable
from mmssl.methods.bases.remat import check_remat

BACKENDS = ("tensorflow", "jax")
FEW = 100  # elements of an epoch below which a run says so


def check_settings(method, data, fit, replicas=1):
    """Checks what can be checked before the source is read, which may take long.

    That a batch is no larger than the data is checked as they are read, by `Pipeline.prepare`.

    Args:
        method: Pretrainer.
        data: Pipeline; it need not be prepared.
        fit: Fit.
        replicas: int, number of replicas that share a batch.

    Raises:
        ValueError: method, data and fit do not go together; the message says why.
    """
    size, parts = data.batch_size, fit.accumulate
    if size % (replicas * parts):
        within = f", in each of which it has {parts} parts (fit.accumulate)"
        raise ValueError(
            f"data.batch_size {size} cannot be divided evenly among {replicas} "
            f"replicas{within if parts > 1 else ''}."
        )
    if method.begins_epochs and fit.data_service is not None:
        raise ValueError(
            f"{type(method).__name__} sets the order of the data before each epoch, which a data "
            "service (fit.data_service) does not know: leave it out."
        )
    check_batch_size(method, size, replicas)
    check_splittable(method, parts)
    check_remat(method, fit.remat)
    data.check_encoder(shortest(method.encoder))


def check_backend(folder, probe):
    """Checks that a run can begin, or go on, on the backend that Keras has.

    Args:
        folder: RunFolder.
        probe: dict, the section `probe` of its resolved recipe.

    Raises:
        ValueError: it cannot.
    """
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise ValueError(f"a run trains on {' or '.join(BACKENDS)}: KERAS_BACKEND is {backend}.")
    if backend == "jax" and probe["online"] is not None:
        raise ValueError(
            "probe.online needs KERAS_BACKEND=tensorflow: leave it out, and `mmssl evaluate` "
            "probes the checkpoints."
        )
    if not folder.environment.exists():
        return
    begun = json.loads(folder.environment.read_text()).get("backend", "tensorflow")
    if begun != backend:
        raise ValueError(
            f"{folder.path} was begun with KERAS_BACKEND={begun}, whose checkpoints {backend} does "
            f"not go on with: set it to {begun}."
        )


def doubts(method, data):
    """Says what will train, and yet learn little from so few data, and what would help.

    Args:
        method: Pretrainer.
        data: Pipeline, prepared.

    Returns:
        list of str, a sentence each.
    """
    said = []
    if data.count < FEW:
        said.append(
            f"An epoch has {data.count} elements, fewer than {FEW}: expect an encoder that is "
            "hardly better than untrained, which `mmssl evaluate` tells. More unlabeled data of "
            "the same kind help, or the weights of another run (fit.initial_weights)."
        )
    if method.min_batch_size > 1 and len(data.items) < data.batch_size:
        said.append(
            f"A batch has {data.batch_size} elements of {len(data.items)} items, so that elements "
            "of one item are told apart as if they were of two: lower data.batch_size, or give "
            "more items."
        )
    return said + method.doubts(data.count)
