"""Lower bounds on the metrics of a method."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricBound:
    """A lower bound on a metric, below which training stops.

    Attributes:
        minimum: float, the smallest allowed value.
        after: int, the optimizer step from which on the bound is enforced.
        meaning: str, what a violation means and how to fix it, for the error that ends the run.
    """

    minimum: float
    after: int
    meaning: str
