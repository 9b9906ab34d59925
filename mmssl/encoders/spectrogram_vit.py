"""Vision transformers over spectrograms."""

import keras

from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import (
    AtLeast,
    FrameMask,
    LogMel,
    MaskedStatistics,
    NormalizeLevel,
    PaddingMask,
    PatchPositions,
)

MEAN, DEVIATION = 0.65, 0.2  # of log-mel values of speech and noises of one level, about


def spectrogram_vit_encoder(
    sample_rate: int = 16000,
    num_mel_bins: int = 128,
    window: int = 400,
    hop: int = 160,
    patch_size: int = 16,
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> keras.Model:
    """Builds a vision transformer over patches of a log-mel spectrogram.

    A spectrogram is a picture whose rows are frames and whose columns are mel bands; its square
    patches are the tokens, those of one stretch of time next to each other. Sines and cosines tell
    time and band. A token counts where all of its samples lie inside the recording, and one shorter
    than a patch is continued with silence. There is no class token.

    Args:
        sample_rate: sample rate of the input, in Hz.
        num_mel_bins: number of mel bands, a multiple of `patch_size`.
        window: length of a log-mel frame's window, in samples.
        hop: samples between log-mel frames.
        patch_size: frames, and bands, of a patch.
        width: width of the tokens; a multiple of `num_heads` and of 4.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        dropout: rate in [0, 1), on the tokens and inside the blocks.
        drop_path: see `mmssl.encoders.vit_encoder`.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, max(T // s, 1) * num_mel_bins / patch_size, width), s being
        `hop * patch_size`, and `embedding` (B, 2 * width), their mean and standard deviation over
        the tokens inside the recording. For the layers with names see
        `mmssl.encoders.parts.stages`.

    Raises:
        ValueError: a size is not a multiple of another.

    Reference:
        Gong, Chung, Glass 2021, arXiv 2104.01778; Huang et al. 2022, arXiv 2207.06405.
    """
    _check(num_mel_bins, patch_size, width, num_heads)
    columns, step = num_mel_bins // patch_size, hop * patch_size
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    x = NormalizeLevel(dtype="float32")([waveform, padding_mask])
    x, recording = AtLeast(step, name="at_least", dtype="float32")([x, padding_mask])
    x = LogMel(sample_rate, num_mel_bins, window, hop, dtype="float32")(x)
    x = keras.layers.Reshape((-1, num_mel_bins, 1))(x)
    x = keras.layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION, name="pixels", dtype="float32")(x)
    # As in `vit_encoder`: by the pixels of a patch, not by the positions of a kernel.
    limit = (6 / (patch_size**2 + width)) ** 0.5
    uniform = keras.initializers.RandomUniform(-limit, limit)
    x = keras.layers.Conv2D(
        width, patch_size, patch_size, kernel_initializer=uniform, name="patches"
    )(x)
    x = keras.layers.Reshape((-1, width), name="tokens")(x)
    token_mask = FrameMask(step, tokens=columns, name="token_mask")(recording)
    x = PatchPositions(columns, name="positions")(x)
    x = keras.layers.Dropout(dropout, name="positioned")(x)
    visible = PaddingMask(name="visible")(token_mask)
    x = transformer_blocks(
        x, visible, depth, num_heads, mlp_dim, dropout=dropout, drop_path=drop_path
    )
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    embedding = MaskedStatistics(name="pool", dtype="float32")([x, token_mask])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="spectrogram_vit_encoder",
    )


def _check(num_mel_bins, patch_size, width, num_heads):
    if num_mel_bins % patch_size:
        raise ValueError(
            f"spectrogram_vit_encoder(num_mel_bins={num_mel_bins}) must be a multiple of "
            f"patch_size={patch_size} bands."
        )
    if width % num_heads or width % 4:
        raise ValueError(
            f"spectrogram_vit_encoder(width={width}) must be a multiple of num_heads={num_heads} "
            "and of 4."
        )
