"""WaveNet: gated dilated causal convolutions over mu-law codes of the raw waveform."""

import keras

from mmssl.layers import CausalEmbedding, FrameUpsampling, GatedUnit, MaskedMean, MuLaw


def wavenet_encoder(
    cycles: int = 3,
    layers: int = 10,
    residual_channels: int = 32,
    gate_channels: int = 32,
    skip_channels: int = 512,
    kernel_size: int = 2,
    levels: int = 256,
    num_speakers: int = 0,
    speaker_width: int = 16,
    num_mel_bins: int = 0,
    mel_hop: int = 80,
) -> keras.Model:
    """Builds WaveNet without its output layers: features of each sample's past.

    Feature t depends on the codes of sample t and of the `receptive_field - 1` samples before it,
    and on none after it; see `receptive_field`. The skip connections are accumulated layer by
    layer: the sum up to layer n is `block_n`, the last one `features`.

    Args:
        cycles: number of cycles of the dilations 1, 2, 4, ...
        layers: layers per cycle; the last one's dilation is 2 ** (layers - 1).
        residual_channels: channels of the residual stream.
        gate_channels: channels of the gated activation.
        skip_channels: channels of the skip connections and of the features.
        kernel_size: taps of the dilated convolutions, 2 or more. The input convolution has two.
        levels: number of mu-law codes.
        num_speakers: number of speakers for global conditioning, including the unknown speaker (0);
            0 for none.
        speaker_width: width of the speaker embedding.
        num_mel_bins: mel bands of the log-mel frames for local conditioning; 0 for none.
        mel_hop: samples per log-mel frame.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T), and,
        with conditioning, `speaker` int32 (B,) and `log_mel` float32 (B, ceil(T / mel_hop),
        num_mel_bins), to `features` (B, T, skip_channels), the accumulated skip connections, and
        `embedding` (B, skip_channels), their mean over the recording.

    Raises:
        ValueError: a size is out of range.

    Reference:
        van den Oord et al. 2016, arXiv 1609.03499.
    """
    _check(1, cycles=cycles, layers=layers, residual_channels=residual_channels)
    _check(1, gate_channels=gate_channels, skip_channels=skip_channels)
    _check(1, speaker_width=speaker_width, mel_hop=mel_hop)
    _check(2, kernel_size=kernel_size, levels=levels)
    _check(0, num_speakers=num_speakers, num_mel_bins=num_mel_bins)
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    inputs = {"waveform": waveform, "padding_mask": padding_mask}

    codes = MuLaw(levels, name="codes", dtype="float32")(waveform)
    conditions = []
    if num_speakers:
        inputs["speaker"] = keras.Input((), dtype="int32", name="speaker")
        table = keras.layers.Embedding(num_speakers, speaker_width, name="speaker_vector")
        conditions.append(keras.layers.Reshape((1, -1))(table(inputs["speaker"])))
    if num_mel_bins:
        inputs["log_mel"] = keras.Input((None, num_mel_bins), dtype="float32", name="log_mel")
        upsampling = FrameUpsampling(mel_hop, name="upsampling")
        conditions.append(upsampling([inputs["log_mel"], codes]))

    x = CausalEmbedding(levels, residual_channels, name="input")(codes)
    total = None
    for number in range(1, cycles * layers + 1):
        unit = GatedUnit(
            gate_channels,
            skip_channels,
            dilation=2 ** ((number - 1) % layers),
            kernel_size=kernel_size,
            last=number == cycles * layers,
            name=f"unit_{number}",
        )
        x, skipped = unit([x, *conditions])
        block = keras.layers.Identity if total is None else keras.layers.Add
        total = block(name=f"block_{number}")(skipped if total is None else [total, skipped])

    embedding = MaskedMean(name="pool", dtype="float32")([total, padding_mask])
    return keras.Model(inputs, {"features": total, "embedding": embedding}, name="wavenet_encoder")


def receptive_field(encoder):
    """Returns the number of samples that a feature depends on, its own included.

    Args:
        encoder: keras.Model of `wavenet_encoder`.

    Returns:
        int: 2 + (kernel_size - 1) * (sum of the dilations), where 2 is the input convolution's.
    """
    units = [layer for layer in encoder.layers if isinstance(layer, GatedUnit)]
    return 2 + sum(max(unit.delays) for unit in units)


def _check(least, **sizes):
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"wavenet_encoder({name}=...) must be at least {least}; got {size}.")
