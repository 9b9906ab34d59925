"""Distance of spectrograms at several resolutions (Dhariwal et al. 2020, arXiv 2005.00341)."""

from keras import ops

SIZES = ((2048, 240, 1200), (1024, 120, 600), (512, 50, 240))  # FFT, hop, window, in samples
LEAST = 1e-8  # under square roots, whose gradient is infinite at zero


def multispectral_distance(target, outputs, sizes=SIZES):
    """Averages distances between magnitudes of short-time Fourier transforms.

        mean_r sqrt(sum_{t, f} (|S_r x| - |S_r y|)^2 + 1e-8)

    Args:
        target: float32 (B, T), x.
        outputs: float32 (B, T), y.
        sizes: of each resolution r, the length of the Fourier transform, the hop and the length of
            the Hann window, in samples; a transform is at most twice as long as T.

    Returns:
        float32 (B,).
    """
    distances = [_length(_magnitudes(target, size) - _magnitudes(outputs, size)) for size in sizes]
    return ops.mean(ops.stack(distances), axis=0)


def multispectral_norm(waveform, sizes=SIZES):
    """Averages the lengths of such spectrograms: the distance from silence; see above.

    Args:
        waveform: float32 (B, T).
        sizes: see `multispectral_distance`.

    Returns:
        float32 (B,).
    """
    lengths = [_length(_magnitudes(waveform, size)) for size in sizes]
    return ops.mean(ops.stack(lengths), axis=0)


def _magnitudes(waveform, size):
    transform, hop, window = size
    waveform = ops.cast(waveform, "float32")
    parts = ops.stft(waveform, window, hop, transform)
    return ops.sqrt(sum(ops.square(part) for part in parts) + LEAST)


def _length(sheet):
    return ops.sqrt(ops.sum(ops.square(sheet), axis=(1, 2)) + LEAST)
