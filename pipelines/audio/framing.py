"""Frames of a recording: where they lie, and how many there are."""

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Framing:
    """Where frames lie in a recording: frame f covers the samples f * hop to f * hop + field.

    Attributes:
        hop: samples from one frame to the next.
        field: samples of a frame.
    """

    hop: int
    field: int

    @classmethod
    def of_convolutions(cls, kernel_sizes, strides):
        """Returns the Framing of strided convolutions without padding."""
        field = 1
        for kernel, stride in zip(reversed(kernel_sizes), reversed(strides), strict=True):
            field = (field - 1) * stride + kernel
        return cls(prod(strides), field)

    def count(self, samples):
        """Returns the frames of recordings of `samples`, an int or int64 array."""
        return (samples >= self.field) * ((samples - self.field) // self.hop + 1)
