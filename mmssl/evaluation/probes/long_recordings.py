"""Embeddings of recordings that are too long to be embedded at once."""

from dataclasses import dataclass

import numpy as np

from mmssl.pipelines.audio.budget import SAMPLES


@dataclass(frozen=True)
class Window:
    """A window of a recording, in samples.

    Attributes:
        start: its first sample.
        size: number of samples.
        lead: how many of them, at its beginning, are only there to be heard: their frames count in
            the window before.
    """

    start: int
    size: int
    lead: int


def windows(length, reach, samples=SAMPLES):
    """Cuts a recording so that each of its frames counts in exactly one window.

    Args:
        length: samples of the recording, more than those of one frame.
        reach: Reach of the encoder, see `mmssl.encoders.reach`.
        samples: samples of a window, about.

    Returns:
        list of Window.
    """
    own = max(1, (samples - reach.past - reach.ahead) // reach.grid) * reach.grid
    framed = (length - reach.ahead) // reach.hop * reach.hop
    cut = []
    for first in range(0, framed, own):
        lead = min(first, reach.past)
        last = first + own >= framed
        end = length if last else first + own + reach.ahead
        cut.append(Window(first - lead, end - first + lead, lead))
    return cut


def moments(recording, samples=SAMPLES):
    """Computes the mean and the variance of the samples of a recording, a part at a time.

    Args:
        recording: see `PartReader.open`.
        samples: samples of a part.

    Returns:
        Pair of float32.
    """
    total = squares = 0.0
    for start in range(0, len(recording), samples):
        part = recording.span(start, min(samples, len(recording) - start)).astype(np.float64)
        total, squares = total + part.sum(), squares + np.square(part).sum()
    mean = total / len(recording)
    return np.float32(mean), np.float32(max(0.0, squares / len(recording) - mean**2))


def embed_recording(recording, inputs, embed, reach, level, pools, samples=SAMPLES):
    """Embeds a recording of any length window by window.

    Args:
        recording: see `PartReader.open`.
        inputs: function of a waveform float32 (T,) to a dict of the encoder's inputs.
        embed: function of a dict of inputs, one example, to a dict of float32 (1, D).
        reach: Reach of the encoder, see `mmssl.encoders.reach`.
        level: layer that normalizes the level of recordings, which `embed` leaves out; or None.
        pools: dict from each name that `embed` returns to a pair: the pooling layer, and the
            samples of a frame that it pools.
        samples: samples of a window, about.

    Returns:
        dict of float32 (1, D), equal to those of the whole recording unless its frames attend to
        each other or remember more than `reach` says.
    """
    mean, variance = moments(recording, samples) if level is not None else (0.0, 1.0)
    cut, found = windows(len(recording), reach, samples), []
    for window in cut:
        wave = recording.span(window.start, window.size)
        wave = wave if level is None else np.asarray(level.by(wave, mean, variance))
        heard = (np.arange(window.size) >= window.lead).astype("int32")
        batch = {**inputs(wave), "padding_mask": heard}
        found.append(embed({name: np.asarray(x)[None] for name, x in batch.items()}))
    counted = np.array([[window.size - window.lead - reach.ahead] for window in cut])
    return {
        name: _joined(pool, [part[name] for part in found], counted // hop)
        for name, (pool, hop) in pools.items()
    }


def _joined(pool, parts, frames):
    parts = np.concatenate(parts).astype(np.float64)
    return pool.joined(parts, frames).astype(np.float32)[None]
