"""Mean and covariance of vectors that pass by once, and how far the covariance is to be shrunk."""

import numpy as np


class Moments:
    """Sums of vectors in float64, in memory that does not grow with their number.

    What is added up are distances from the mean of the first batch, so that a mean far from the
    origin costs no digits of the covariance.

    Attributes:
        count: number of vectors added.
    """

    def __init__(self):
        self.count = 0
        self._origin = None

    def add(self, vectors):
        """Adds vectors.

        Args:
            vectors: array (B, D) of finite numbers, B 1 or more.
        """
        vectors = np.asarray(vectors, np.float64)
        if self._origin is None:
            self._origin = vectors.mean(axis=0)
            width = len(self._origin)
            self._sum, self._outer = np.zeros(width), np.zeros((width, width))
            self._cubes, self._fourth = np.zeros(width), 0.0
        apart = vectors - self._origin
        squares = np.square(apart).sum(axis=1)
        self.count += len(vectors)
        self._sum += apart.sum(axis=0)
        self._outer += apart.T @ apart
        self._cubes += squares @ apart
        self._fourth += np.square(squares).sum()

    @property
    def mean(self):
        """Mean of the vectors, float64 (D,)."""
        return self._origin + self._offset

    @property
    def covariance(self):
        """Covariance of the vectors, divided by their number: float64 (D, D)."""
        return self._outer / self.count - np.outer(self._offset, self._offset)

    @property
    def _offset(self):
        return self._sum / self.count

    def shrinkage(self):
        """Returns how much of a scaled identity the covariance is to be mixed with.

        The share that minimizes the expected squared error: near 1 for few vectors of many
        dimensions, near 0 for many.

        Returns:
            float in [0, 1]; 1 where the vectors do not differ.

        Reference:
            Ledoit, Wolf 2004, A well-conditioned estimator for large-dimensional covariance
            matrices.
        """
        covariance, width = self.covariance, len(self._origin)
        size = np.square(covariance).sum()
        delta = size - np.trace(covariance) ** 2 / width
        beta = (self._centered_fourth() / self.count - size) / self.count
        return float(np.clip(beta / delta, 0, 1)) if delta > 0 else 1.0

    def _centered_fourth(self):
        """Sum of the fourth powers of the distances from the mean."""
        offset, count = self._offset, self.count
        far = offset @ offset
        along = offset @ self._outer @ offset
        squares = np.trace(self._outer)
        return (
            self._fourth
            - 4 * offset @ self._cubes
            + 4 * along
            + 2 * far * squares
            - 4 * far * (offset @ self._sum)
            + count * far**2
        )
