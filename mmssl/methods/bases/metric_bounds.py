"""Metrics of a method that must not fall below a value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricBound:
    """The least value of a figure that a method reports.

    Attributes:
        minimum: what the figure must not fall below.
        after: optimizer steps from which on it counts.
        meaning: str, what it means when it does, for the sentence that ends the run.
    """

    minimum: float
    after: int
    meaning: str
