"""MFCCs with their first and second differences, frame by frame."""

import librosa
import numpy as np

from mmssl.pipelines.audio.budget import SAMPLES
from mmssl.pipelines.audio.framing import Framing
from mmssl.pipelines.audio.units.frames import FrameFeatures

COEFFICIENTS, MEL_BANDS = 13, 40
FIELD_SECONDS, HOP_SECONDS = 0.025, 0.010
DELTA_WIDTH = 9  # frames that a difference is fitted to


class MfccFrames(FrameFeatures):
    """39 numbers every 10 ms: 13 MFCCs and their first and second differences in time.

    Args:
        sample_rate: samples per second.
    """

    def __init__(self, sample_rate):
        self.framing = Framing(round(HOP_SECONDS * sample_rate), round(FIELD_SECONDS * sample_rate))
        self.description = f"{3 * COEFFICIENTS} MFCCs and differences"
        self._sample_rate = sample_rate

    def of(self, data, source):
        """See `FrameFeatures.of`; long recordings are read in parts."""
        parts = data.parts(source)
        for index in range(len(source)):
            with parts.open(index) as recording:
                yield index, self.of_recording(recording)

    def of_recording(self, recording, samples=SAMPLES):
        """Computes the features of one recording.

        Args:
            recording: see `PartReader.open`.
            samples: samples of a part, about.

        Returns:
            float32 (frames, 39).
        """
        hop, field = self.framing.hop, self.framing.field
        frames, together = self.framing.count(len(recording)), max(1, samples // hop)
        found = [np.empty((0, COEFFICIENTS), np.float32)]
        for first in range(0, frames, together):
            count = min(together, frames - first)
            found.append(self._mfcc(recording.span(first * hop, (count - 1) * hop + field)))
        return _with_differences(np.concatenate(found))

    def _mfcc(self, wave):
        return librosa.feature.mfcc(
            y=wave,
            sr=self._sample_rate,
            n_mfcc=COEFFICIENTS,
            n_fft=self.framing.field,
            hop_length=self.framing.hop,
            n_mels=MEL_BANDS,
            center=False,
        ).T.astype(np.float32)


def _with_differences(mfcc):
    if len(mfcc) == 0:
        return np.empty((0, 3 * COEFFICIENTS), np.float32)
    orders = [
        librosa.feature.delta(mfcc, width=DELTA_WIDTH, order=order, axis=0, mode="nearest")
        for order in (1, 2)
    ]
    return np.concatenate([mfcc, *orders], axis=1).astype(np.float32)
