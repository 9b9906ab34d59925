"""Several calls of a signature as one, and its outputs as those of each call."""

import bisect

import numpy as np

_MASK = "padding_mask"
_LARGEST_WASTE = 2  # a joined batch may be this many times as large as what is in it


class Joiner:
    """Joins calls of one signature along the batch.

    Calls of different lengths are padded, where the signature has a padding mask. The outputs of
    the shorter ones are cut back to the sizes that they would have alone: these are learned from
    the calls that run, and taken to grow with the length. Until they are known for a length, its
    calls are joined with calls of the same length only.

    Args:
        signature: `mmssl.serving.model.Signature`.
    """

    def __init__(self, signature):
        shapes = {name: spec.shape for name, spec in signature.inputs.items()}
        results = {name: spec.shape for name, spec in signature.outputs.items()}
        self._joinable = all(
            shape is not None and len(shape) > 0 and shape[0] is None
            for shape in (*shapes.values(), *results.values())
        )
        self._padded, self._cut = set(), set()
        if self._joinable and _MASK in shapes and not any(None in s[2:] for s in results.values()):
            self._padded = {n for n, s in shapes.items() if len(s) > 1 and s[1] is None}
            self._cut = {n for n, s in results.items() if len(s) > 1 and s[1] is None}
        self._open = {n for n, s in results.items() if s is not None and None in s[1:]}
        self._lengths, self._sizes = [], []

    def key(self, call):
        """Returns what calls have in common that may be joined; None for one that stays alone."""
        inputs = call.inputs
        if not self._joinable or len({len(array) for array in inputs.values()}) != 1:
            return None
        if self._open and not self._padded and any(a.dtype == object for a in inputs.values()):
            return None  # the sizes of its outputs follow from what is encoded in the strings
        if len({inputs[name].shape[1] for name in self._padded}) > 1:
            return None
        shapes = (
            (name, array.shape[2:] if name in self._padded else array.shape[1:])
            for name, array in sorted(inputs.items())
        )
        return (call.signature, *shapes)

    def fits(self, group, call):
        """Says whether a call can be added to those of a group with the same key."""
        if not self._padded:
            return True
        lengths = [self._length(other) for other in (*group, call)]
        longest = max(lengths)
        known = all(length == longest or self._known(length) for length in lengths)
        rows = [len(other.inputs[_MASK]) for other in (*group, call)]
        filled = sum(count * length for count, length in zip(rows, lengths, strict=True))
        return known and sum(rows) * longest <= _LARGEST_WASTE * filled

    def join(self, group):
        """Returns the inputs of one call that stands for all.

        Args:
            group: list of `mmssl.serving.contract.Call` that fit together.
        """
        if len(group) == 1:
            return group[0].inputs
        longest = max(map(self._length, group))
        return {
            name: np.concatenate([self._filled(call.inputs[name], name, longest) for call in group])
            for name in group[0].inputs
        }

    def split(self, outputs, group):
        """Returns the outputs of every call.

        Args:
            outputs: dict of arrays by name, of the joined call.
            group: list of calls that were joined.

        Raises:
            ValueError: an output has another number of examples than the inputs.
        """
        longest = max(map(self._length, group))
        self._learn(longest, {name: outputs[name].shape[1] for name in self._cut})
        if len(group) == 1:
            return [outputs]
        rows = [len(next(iter(call.inputs.values()))) for call in group]
        if any(len(array) != sum(rows) for array in outputs.values()):
            raise ValueError("The outputs cannot be told apart.")
        ends = np.cumsum(rows)
        return [
            {
                name: self._own(array[end - count : end], name, self._length(call), longest)
                for name, array in outputs.items()
            }
            for call, count, end in zip(group, rows, ends, strict=True)
        ]

    def _length(self, call):
        return call.inputs[_MASK].shape[1] if self._padded else 0

    def _filled(self, array, name, longest):
        if name not in self._padded or array.shape[1] == longest:
            return array
        missing = longest - array.shape[1]
        return np.pad(array, [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)])

    def _own(self, array, name, length, longest):
        if name not in self._cut or length == longest:
            return array
        return array[:, : self._known(length)[name]]

    def _known(self, length):
        """The sizes of the outputs for a length: seen, or the same on both sides of it."""
        place = bisect.bisect_left(self._lengths, length)
        around = self._sizes[max(place - 1, 0) : place + 1]
        if place < len(self._lengths) and self._lengths[place] == length:
            return self._sizes[place]
        same = len(around) == 2 and around[0] == around[1]
        return around[0] if same else None

    def _learn(self, length, sizes):
        if self._known(length) is None:
            place = bisect.bisect_left(self._lengths, length)
            self._lengths.insert(place, length)
            self._sizes.insert(place, sizes)
