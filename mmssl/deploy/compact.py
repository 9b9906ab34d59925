"""LiteRT files without what no runtime reads: names of inner tensors, and the same twice."""

import hashlib

import flatbuffers
import numpy as np

_ALIGNMENT = 16  # bytes, of constants, by the schema; Python's writer does not know of it


def compacted(content):
    """Writes a LiteRT file anew, smaller: it computes the very same.

    Names stay to signatures and to what they take and return. Constants, scales, zero points and
    options of operations that are equal are stored once.

    Args:
        content: bytes, a LiteRT file.

    Returns:
        bytes.
    """
    model = read(content)
    called = {signature.subgraphIndex for signature in model.signatureDefs or []}
    for number, graph in enumerate(model.subgraphs):
        _drop_names(graph, {*graph.inputs, *graph.outputs} if number in called else ())
    _drop_empty(model)
    _share(model)
    return packed(model)


def read(content):
    """Returns the objects of a LiteRT file, `ModelT` of its schema."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(content, 0)


def packed(model):
    """Returns the bytes of the file that holds a `ModelT`; what is equal in it is written once."""
    builder = _Sharing(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _drop_names(graph, named):
    for number, tensor in enumerate(graph.tensors):
        if number not in named:
            tensor.name = None


def _drop_empty(model):
    """Gives tensors without data the first buffer, which is empty, and takes off empty scales."""
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    used = {tensor.buffer for tensor in tensors if model.buffers[tensor.buffer].data is not None}
    used = [0, *sorted(used | {entry.buffer for entry in model.metadata or []})]
    moved = {old: new for new, old in enumerate(dict.fromkeys(used))}
    model.buffers = [model.buffers[old] for old in moved]
    for entry in [*tensors, *(model.metadata or [])]:
        entry.buffer = moved.get(entry.buffer, 0)
    for tensor in tensors:
        if tensor.quantization is not None and tensor.quantization.scale is None:
            tensor.quantization = None
        if tensor.shape is not None and len(tensor.shape):
            tensor.hasRank = False  # which goes without saying


def _share(model):
    """Lets equal options of operations and equal scales be the same object."""
    there = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.quantization = _once(there, tensor.quantization)
        for operation in graph.operators:
            operation.builtinOptions = _once(there, operation.builtinOptions)


def _once(there, part):
    if part is None:
        return None
    values = [x.tolist() if isinstance(x, np.ndarray) else x for x in vars(part).values()]
    return there.setdefault((type(part), repr(values)), _Once(part))


class _Once:
    """A part of a file that is written the first time it is asked for."""

    def __init__(self, part):
        self._part, self._place = part, None

    def Pack(self, builder):  # noqa: N802
        if self._place is None:
            self._place = self._part.Pack(builder)
        return self._place


class _Sharing(flatbuffers.Builder):
    """Writes vectors that are equal once, and aligns constants."""

    def __init__(self, size):
        super().__init__(size)
        self._written = {}

    def CreateNumpyVector(self, x):  # noqa: N802
        key = x.dtype.str, hashlib.sha256(x.tobytes()).digest()
        if key not in self._written:
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]

    def CreateString(self, s, encoding="utf-8", errors="strict"):  # noqa: N802
        if s not in self._written:
            self._written[s] = super().CreateString(s, encoding, errors)
        return self._written[s]

    def StartVector(self, elemSize, numElems, alignment):  # noqa: N802, N803
        aligned = _ALIGNMENT if elemSize == 1 else alignment
        return super().StartVector(elemSize, numElems, aligned)
