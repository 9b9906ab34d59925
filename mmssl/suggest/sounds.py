"""What the header and the beginning of a recording tell."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile

from mmssl.suggest.duplicates import SIZE, sketch

NEAR = 0.97  # cosine of the sketches of copies, see `near_duplicates`
_BEGINNING = 10  # seconds that are read
_RATE = 8000  # the default of the pipelines
_UNKNOWN = 2**40  # frames that no header states in truth


@dataclass(frozen=True, eq=False)
class Sound:
    """A recording.

    Attributes:
        seconds: its length; nan where the header does not state it.
        rate: samples per second; of an array without one, what the pipelines take it for.
        sketch: see `duplicates`.
    """

    seconds: float
    rate: int
    sketch: np.ndarray


def examine(item, sample_rate=None):
    """Examines a recording.

    Args:
        item: pathlib.Path, bytes of an encoded file, or an array (T,) or (T, channels).
        sample_rate: of an array, in hertz; None where unknown.

    Returns:
        Sound.

    Raises:
        ValueError: it cannot be read, or has no samples; the message is the reason.
    """
    if isinstance(item, np.ndarray):
        rate = sample_rate or _RATE
        frames, beginning = len(item), item[: _BEGINNING * rate]
    else:
        frames, rate, beginning = _opened(item)
    if not len(beginning):
        raise ValueError("it has no samples")
    seconds = frames / rate if 0 < frames < _UNKNOWN else float("nan")
    return Sound(seconds, rate, _sketch(beginning))


def _opened(item):
    """Reads the header and the beginning of a file."""
    try:
        with soundfile.SoundFile(io.BytesIO(item) if isinstance(item, bytes) else item) as file:
            beginning = file.read(_BEGINNING * file.samplerate, "float32", always_2d=True)
            return file.frames, file.samplerate, beginning
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(getattr(error, "error_string", str(error))) from error


def _sketch(samples):
    """Takes the level over spans of equal length."""
    power = np.square(np.asarray(samples, float)).reshape(len(samples), -1).mean(axis=1)
    edges = np.linspace(0, len(power), SIZE + 1).astype(int)
    sums = np.diff(np.concatenate([[0.0], np.cumsum(power)])[edges])
    return sketch(np.sqrt(sums / np.maximum(1, np.diff(edges))))
