"""Convolutions over log-mel frames: a small encoder of sound."""

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.layers import FrameMask, LogMel, MaskedStatistics, NormalizeLevel

MOMENTUM = 0.9  # of batch norm's moving statistics


def spectrogram_encoder(
    sample_rate: int = 16000,
    num_mel_bins: int = 64,
    window: int = 512,
    hop: int = 256,
    channels: tuple[int, ...] = (32, 64, 128, 128),
) -> keras.Model:
    """Builds a stack of 3x3 convolutions of stride 2 over log-mel frames, on time and frequency.

    Each has batch norm and ReLU. In time a convolution sees no frame after its own: frame f of the
    features sees samples up to `(f + 1) * s` and, but for the level, nothing after them, s being
    `hop` times 2 a convolution; so padding behind a recording changes none of its frames. What is
    shorter than s has no frame, and an embedding of zeros.

    Args:
        sample_rate: samples per second of what it will be given.
        num_mel_bins: mel bands, a multiple of 2 to the number of convolutions.
        window: samples that a log-mel frame looks at.
        hop: samples between log-mel frames.
        channels: width of each convolution, a block.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, T // s, C), a frame's frequencies side by side, and `embedding` (B, 2 * C),
        their mean and standard deviation over the frames inside the recording.

    Raises:
        ValueError: the bands cannot be halved so often.
    """
    if not channels or num_mel_bins % 2 ** len(channels):
        raise ValueError(
            "spectrogram_encoder halves the bands once a convolution: "
            f"num_mel_bins={num_mel_bins} is no multiple of 2^{len(channels)}, or "
            f"channels={channels} are none."
        )
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    x = NormalizeLevel(dtype="float32")([waveform, padding_mask])
    x = LogMel(sample_rate, num_mel_bins, window, hop, dtype="float32")(x)
    x = batch_normalization(MOMENTUM)(x)
    x = keras.layers.Reshape((-1, num_mel_bins, 1))(x)
    for number, width in enumerate(channels, start=1):
        x = keras.layers.ZeroPadding2D(((1, 0), (1, 0)))(x)
        x = keras.layers.Conv2D(width, 3, 2, use_bias=False, kernel_initializer="he_normal")(x)
        maps = keras.layers.ReLU()(batch_normalization(MOMENTUM)(x))
        frequencies = num_mel_bins // 2**number
        x = keras.layers.Reshape((-1, frequencies * width), name=f"block_{number}")(maps)
        if number < len(channels):
            x = keras.layers.Reshape((-1, frequencies, width))(x)
    frames = FrameMask(hop * 2 ** len(channels))(padding_mask)
    embedding = MaskedStatistics(name="pool", dtype="float32")([x, frames])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="spectrogram_encoder",
    )
