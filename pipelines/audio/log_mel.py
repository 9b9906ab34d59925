"""Log-mel frames: the log magnitude in each mel band, a few hundred times a second."""

import tensorflow as tf

FLOOR = 1e-5  # magnitude of a band that counts as silence, like all below
HOPS = 4  # hops per window of the Fourier transform


def log_mel(waveform, sample_rate, num_mel_bins, hop):
    """Computes log-mel frames, each centered on the samples of its hop.

    Args:
        waveform: float32 (T,), full scale 1.
        sample_rate: samples per second.
        num_mel_bins: number of mel bands, from 0 Hz to half the sample rate.
        hop: samples per frame; frame f represents samples f * hop to (f + 1) * hop.

    Returns:
        float32 (ceil(T / hop), num_mel_bins): 0 for silence (1e-5 and less), 1 for magnitude 1.
    """
    length = waveform.shape[0] or tf.shape(waveform)[0]
    frames = -(-length // hop)
    before = (HOPS - 1) * hop // 2
    after = (frames - 1 + HOPS) * hop - before - length
    padded = tf.pad(waveform, [[before, after]])
    spectrum = tf.signal.stft(padded, HOPS * hop, hop)
    to_mel = tf.signal.linear_to_mel_weight_matrix(
        num_mel_bins, spectrum.shape[-1], sample_rate, 0.0, sample_rate / 2
    )
    magnitudes = tf.maximum(tf.abs(spectrum) @ to_mel, FLOOR)
    return 1 - tf.math.log(magnitudes) / tf.math.log(FLOOR)
