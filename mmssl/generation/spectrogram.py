"""Spectrogram images, level and spectral flatness of waveforms."""

import librosa
import matplotlib
import numpy as np

RANGE = 80.0  # dB between the darkest and the brightest color
FRAME, HOP = 256, 40  # samples: 32 and 5 ms at 8 kHz
SCALE = 2  # pixels per bin, along each axis


def spectrogram_image(waveforms):
    """Draws spectrograms side by side with a common color scale.

    Args:
        waveforms: list of float arrays (T,), full scale 1, all at the same sample rate.

    Returns:
        uint8 (H, W, 3): time to the right, frequencies from 0 Hz to half the sample rate upwards.
    """
    sheets = [np.abs(librosa.stft(wave, n_fft=FRAME, hop_length=HOP)) for wave in waveforms]
    loudest = max(1e-3, *(sheet.max() for sheet in sheets))
    colors = matplotlib.colormaps["magma"]
    parts = []
    for sheet in sheets:
        decibel = 20 * np.log10(np.maximum(sheet / loudest, 1e-9))
        shade = np.clip(1 + decibel[::-1] / RANGE, 0, 1).repeat(SCALE, 0).repeat(SCALE, 1)
        parts += [colors(shade)[..., :3], np.ones((*shade.shape[:1], 4 * SCALE, 3))]
    return np.rint(np.concatenate(parts[:-1], axis=1) * 255).astype("uint8")


def spectral_flatness(waveform):
    """Measures how noise-like a sound is.

    Args:
        waveform: float array (T,).

    Returns:
        float in [0, 1], the ratio of the geometric to the arithmetic mean of the power spectrum,
        averaged over frames: near 0 for tones, about 0.56 for white noise.
    """
    return float(librosa.feature.spectral_flatness(y=waveform, n_fft=FRAME, hop_length=HOP).mean())


def level(waveform):
    """Measures the level of a sound.

    Args:
        waveform: float array (T,), full scale 1.

    Returns:
        float, the root mean square in dB relative to full scale; -180 for silence.
    """
    return float(20 * np.log10(max(1e-9, np.sqrt(np.mean(np.square(waveform))))))
