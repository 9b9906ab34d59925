"""A small audio encoder: convolutions over log-mel frames."""

import keras

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.layers import AtLeast, FrameMask, LogMel, MaskedStatistics, NormalizeLevel

MOMENTUM = 0.9  # of batch norm's moving statistics


def spectrogram_encoder(
    sample_rate: int = 16000,
    num_mel_bins: int = 64,
    window: int = 512,
    hop: int = 256,
    channels: tuple[int, ...] = (32, 64, 128, 128),
) -> keras.Model:
    """Builds a stack of 3x3 convolutions with stride 2 over log-mel spectrograms.

    Each convolution has batch norm and ReLU, and is causal in time. With n convolutions and s
    being `hop * 2^n`, frame f of the features depends on samples up to `(f + 1) * s` and, except
    for level normalization, on none after them, so padding after a recording changes none of its
    frames. A recording shorter than s is continued with silence to one frame.

    Args:
        sample_rate: sample rate of the input, in Hz.
        num_mel_bins: number of mel bands, a multiple of 2 to the number of convolutions.
        window: length of a log-mel frame's window, in samples.
        hop: samples between log-mel frames.
        channels: width of each convolution, which is one block.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, max(T // s, 1), C), the channels of a frame's frequencies concatenated, and
        `embedding` (B, 2 * C), their mean and standard deviation over the frames inside the
        recording.

    Raises:
        ValueError: there is no convolution, or the bands cannot be halved once per convolution.
    """
    if not channels or num_mel_bins % 2 ** len(channels):
        raise ValueError(
            "spectrogram_encoder halves the mel bands once per convolution and needs at least one: "
            f"num_mel_bins must be a multiple of 2^{len(channels)}; got "
            f"num_mel_bins={num_mel_bins} and channels={channels}."
        )
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    x = NormalizeLevel(dtype="float32")([waveform, padding_mask])
    step = hop * 2 ** len(channels)
    x, recording = AtLeast(step, name="at_least", dtype="float32")([x, padding_mask])
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
    frames = FrameMask(step)(recording)
    embedding = MaskedStatistics(name="pool", dtype="float32")([x, frames])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="spectrogram_encoder",
    )
