"""Units of all recordings, in memory and in a run folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.files import atomic_write
from mmssl.pipelines.audio.framing import Framing

UNITS_FILE = "units.npz"


@dataclass(eq=False)
class Units:
    """Clusters of frames, and the cluster of each frame of each recording.

    Attributes:
        framing: Framing of the frames that were clustered.
        centers: float32 (K, C).
        labels: int32 (frames of all recordings,), one recording after the other.
        offsets: int64 (N + 1,), where the labels of each recording begin and end.
    """

    framing: Framing
    centers: np.ndarray
    labels: np.ndarray
    offsets: np.ndarray

    def write(self, folder):
        """Writes units.npz to a run folder."""
        with atomic_write(Path(folder, UNITS_FILE)) as beside:
            np.savez(
                beside,
                framing=np.array([self.framing.hop, self.framing.field]),
                centers=self.centers,
                labels=self.labels,
                offsets=self.offsets,
            )

    @classmethod
    def read(cls, folder):
        """Reads units.npz of a run folder; None where it has none.

        Raises:
            ValueError: the file is damaged.
        """
        path = Path(folder, UNITS_FILE)
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                hop, field = map(int, file["framing"])
                rest = (file["centers"], file["labels"], file["offsets"])
        except Exception as error:  # of zipfile, zlib, NumPy: all say that it is not what we wrote
            raise ValueError(f"{path} is damaged ({error}): restore it from a copy.") from None
        return cls(Framing(hop, field), *rest)

    def are_of(self, lengths):
        """Says whether these are the units of recordings of so many samples, int64 (N,)."""
        counts = self.framing.count(lengths)
        return np.array_equal(self.offsets, np.concatenate([[0], np.cumsum(counts)]))
