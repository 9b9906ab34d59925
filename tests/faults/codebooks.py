"""Faults in codebooks, and in methods whose code is made of their entries."""

from tests.faults.fault import Fault

_LAYER = ("tests/layers/test_codebook.py",)
_METHOD = ("tests/methods/test_vq_vae.py",)
FAULTS = (
    Fault(
        "a vector gets the entry that points its way, however far that is",
        "mmssl/layers/codebook.py",
        "apart = ops.sum(ops.square(entries), axis=1) - 2.0 * ops.matmul(",
        "apart = -2.0 * ops.matmul(",
        _LAYER,
        "nearest",
    ),
    Fault(
        "the two weights of an entry's moving count are exchanged",
        "mmssl/layers/codebook.py",
        "self.momentum * self.counts + (1.0 - self.momentum) * counts",
        "(1.0 - self.momentum) * self.counts + self.momentum * counts",
        _LAYER,
        "means",
    ),
    Fault(
        "gradients of a quantized vector do not pass to the vector",
        "mmssl/layers/codebook.py",
        "return vectors + ops.stop_gradient(quantized - vectors)",
        "return ops.stop_gradient(quantized)",
        (*_LAYER, *_METHOD),
        "gradient",
    ),
    Fault(
        "each replica moves the entries by its own vectors",
        "mmssl/layers/codebook.py",
        "return [distribution.num_replicas() * x for x in distribution.mean(tensors)]",
        "return list(tensors)",
        _LAYER,
        "replicas",
    ),
    Fault(
        "each replica counts the vectors of all as one",
        "mmssl/layers/codebook.py",
        "[distribution.num_replicas() * x for x in distribution.mean(tensors)]",
        "list(distribution.mean(tensors))",
        _LAYER,
        "replicas",
    ),
    Fault(
        "entries that are used begin again",
        "mmssl/layers/codebook.py",
        "dead = counts < self.restart",
        "dead = counts >= self.restart",
        _LAYER,
        "dead",
    ),
    Fault(
        "the same vectors are drawn at every update",
        "mmssl/layers/codebook.py",
        'key = mixed(ops.cast(self.updates.value, "uint32"))',
        'key = mixed(ops.cast(0 * self.updates.value, "uint32"))',
        _LAYER,
        "another_update",
    ),
    Fault(
        "the commitment moves nothing",
        "mmssl/methods/vq_vae.py",
        "ops.square(vectors - ops.stop_gradient(quantized))",
        "ops.square(ops.stop_gradient(vectors) - ops.stop_gradient(quantized))",
        ("tests/methods/test_vq_vae.py",),
        "held_to_its_entries",
    ),
    Fault(
        "entries move when nothing is trained",
        "mmssl/methods/vq_vae.py",
        "        elif training:\n",
        "        else:\n",
        _METHOD,
        "inference",
    ),
    Fault(
        "the error is not divided by the variance",
        "mmssl/methods/vq_vae.py",
        "ops.mean(squares) / self.variance",
        "ops.mean(squares)",
        _METHOD,
        "formula",
    ),
)
