"""The audio encoder of wav2vec 2.0 and data2vec: convolutions and transformer blocks."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.transformer_blocks import transformer_blocks
from mmssl.layers import (
    AlibiBias,
    AtLeast,
    ChannelNormalization,
    FrameMask,
    GroupedConvolution,
    MaskedStatistics,
    PaddingMask,
    PositionIds,
    StandardizeWaveform,
    ZeroMaskedFrames,
    approximate_gelu,
)

EPSILON = 1e-5  # of every layer norm


def wav2vec_encoder(
    channels: int = 512,
    kernel_sizes: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2),
    strides: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2),
    stem_norm: Literal["layer", "channel"] = "layer",
    width: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    norm: Literal["post", "pre"] = "post",
    position_kernel_size: int = 19,
    position_groups: int = 16,
    position_depth: int = 5,
    alibi: Literal["fixed", "learned"] | None = None,
    dropout: float = 0.1,
    drop_path: float = 0.0,
) -> keras.Model:
    """Builds the audio encoder of data2vec: strided convolutions, positions, transformer blocks.

    The convolutions are unpadded, so frame f covers the samples `f * hop` to `f * hop + field`,
    where `hop` is the product of the strides and `field` the receptive field: 20 ms and 25 ms with
    the defaults at 16 kHz, where 16,000 samples give 49 frames. A frame that extends beyond the end
    of a recording is padding: it is masked in attention, in pooling and in the statistics of
    `channel` norms, and set to zero before each positional convolution. Padding thus changes no
    other frame.

    Positions are encoded by convolutions over the tokens: `position_depth` of them, each followed
    by a layer norm without affine parameters, whose output is added to the tokens (data2vec;
    wav2vec 2.0 has one wide convolution with weight normalization). With `alibi`, attention is also
    biased against distant frames (data2vec 2.0, see AlibiBias).

    Args:
        channels: width of every convolution of the stem.
        kernel_sizes: kernel size of each convolution of the stem, at least its stride.
        strides: stride of each convolution of the stem.
        stem_norm: `layer` normalizes every frame after each convolution, which then has a bias
            (data2vec, wav2vec 2.0 LARGE); `channel` normalizes each channel over time after the
            first convolution (group norm of wav2vec 2.0 BASE).
        width: width of the transformer, a multiple of `num_heads` and of `position_groups`.
        depth: number of blocks.
        num_heads: attention heads per block.
        mlp_dim: hidden width of the feed-forward network.
        norm: `post` as in the papers' BASE, `pre` as in wav2vec 2.0 LARGE.
        position_kernel_size: kernel size of the positional convolutions, in frames, odd; fairseq
            divides its 95 by the five convolutions.
        position_groups: groups of these convolutions.
        position_depth: number of these convolutions.
        alibi: whether attention has ALiBi's bias, shared by all blocks: unscaled (`fixed`), with a
            `learned` scale for each head, or none (None).
        dropout: rate in [0, 1), before the blocks and inside them.
        drop_path: rate in [0, 1) at which the last block drops its residual branches for an
            example; rises linearly over the blocks. It replaces fairseq's LayerDrop, which drops a
            block for the whole batch.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, (T - field) // hop + 1, width) and `embedding` (B, 2 * width), their mean
        and standard deviation over the frames inside the recording. A recording shorter than
        the receptive field is continued with silence to one frame. The layer `latents` outputs
        what the convolutions make of the frames, `normed_latents` the same normalized, `tokens` the
        projected frames without positions, `positioned` the input of the first block, see
        `mmssl.encoders.parts.stages`.

    Raises:
        ValueError: strides and kernels, or widths, are incompatible, or a choice is unknown.

    References:
        Baevski, Zhou, Mohamed, Auli 2020, arXiv 2006.11477; Baevski et al. 2022, 2202.03555.
    """
    check_choices(wav2vec_encoder, stem_norm=stem_norm, norm=norm, alibi=alibi)
    _check(kernel_sizes, strides, width, num_heads, position_groups, position_kernel_size)
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")

    x, frames = _stem(waveform, padding_mask, channels, kernel_sizes, strides, stem_norm)
    x = keras.layers.LayerNormalization(epsilon=EPSILON, name="normed_latents")(x)
    x = tokens = keras.layers.Dense(width, name="tokens")(x)
    for number in range(1, position_depth + 1):
        # Before each one, so that padding in a batch acts like the convolution's own zero padding.
        x = ZeroMaskedFrames()([x, frames])
        x = GroupedConvolution(
            width, (position_kernel_size,), position_groups, name=f"position_convolution_{number}"
        )(x)
        x = keras.layers.LayerNormalization(epsilon=EPSILON, center=False, scale=False)(x)
        x = keras.layers.Activation(approximate_gelu)(x)
    x = keras.layers.Add()([tokens, x])
    if norm == "post":
        x = keras.layers.LayerNormalization(epsilon=EPSILON)(x)
    x = keras.layers.Dropout(dropout, name="positioned")(x)
    bias = None
    if alibi:
        position_ids = PositionIds(name="position_ids")(x)
        bias = AlibiBias(num_heads, alibi == "learned", name="bias")(position_ids)
    x = transformer_blocks(
        x,
        PaddingMask(name="visible")(frames),
        depth,
        num_heads,
        mlp_dim,
        norm=norm,
        dropout=dropout,
        drop_path=drop_path,
        epsilon=EPSILON,
        bias=bias,
    )
    if norm == "pre":
        x = keras.layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)

    embedding = MaskedStatistics(name="pool", dtype="float32")([x, frames])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="wav2vec_encoder",
    )


def _stem(waveform, padding_mask, channels, kernel_sizes, strides, norm):
    """Returns local features (B, F, channels) and their padding mask, int32 (B, F)."""
    x = StandardizeWaveform(dtype="float32")([waveform, padding_mask])
    shortest = field(kernel_sizes, strides)
    x, frames = AtLeast(shortest, name="at_least", dtype="float32")([x, padding_mask])
    x = keras.layers.Reshape((-1, 1))(x)
    for number, (kernel, stride) in enumerate(zip(kernel_sizes, strides, strict=True), start=1):
        # PyTorch's initial biases. With zeros, digital silence would reach every layer norm as a
        # vector without variance, and gradients would grow 300-fold at each.
        bound = (kernel * x.shape[-1]) ** -0.5
        x = keras.layers.Conv1D(
            channels,
            kernel,
            stride,
            use_bias=norm == "layer",
            kernel_initializer="he_normal",
            bias_initializer=keras.initializers.RandomUniform(-bound, bound),
            name=f"stem_{number}",
        )(x)
        last = number == len(kernel_sizes)
        frames = FrameMask(stride, kernel, name="token_mask" if last else None)(frames)
        if norm == "layer":
            x = keras.layers.LayerNormalization(epsilon=EPSILON)(x)
        elif number == 1:
            x = ChannelNormalization()([x, frames])
        x = keras.layers.Activation(approximate_gelu, name="latents" if last else None)(x)
    return x, frames


def field(kernel_sizes, strides):
    """Returns the receptive field in samples of one frame of strided convolutions."""
    samples = 1
    for kernel, stride in zip(reversed(kernel_sizes), reversed(strides), strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


def _check(kernel_sizes, strides, width, num_heads, groups, position_kernel_size):
    if len(strides) != len(kernel_sizes) or any(
        k < s for k, s in zip(kernel_sizes, strides, strict=False)
    ):
        raise ValueError(
            f"wav2vec_encoder needs a kernel for each stride, at least as long; got "
            f"kernel_sizes={kernel_sizes} for strides={strides}."
        )
    if width % num_heads or width % groups or position_kernel_size % 2 == 0:
        raise ValueError(
            "wav2vec_encoder needs a width that is a multiple of num_heads and of position_groups, "
            f"and an odd position_kernel_size; got width={width}, num_heads={num_heads}, "
            f"position_groups={groups}, position_kernel_size={position_kernel_size}."
        )
