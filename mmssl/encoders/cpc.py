"""The encoder of CPC: strided convolutions and a recurrent context network."""

import math

import keras

from mmssl.layers import AtLeast, FrameMask, MaskedStatistics, NormalizeLevel


def cpc_encoder(
    channels: int = 512,
    context_dim: int = 256,
    strides: tuple[int, ...] = (5, 4, 2, 2, 2),
    kernel_sizes: tuple[int, ...] = (10, 8, 4, 4, 4),
    layer_norm: bool = True,
    normalize_level: bool = True,
) -> keras.Model:
    """Builds CPC's audio encoder: causal strided convolutions, then a GRU over their frames.

    With `hop` the product of the strides, frame f depends on samples up to `(f + 1) * hop` and,
    except for level normalization, on none after them, so padding after a recording changes none of
    its frames. The convolutions are `block_1` ..., the GRU is the last block.

    Args:
        channels: width of every convolution.
        context_dim: width of the GRU; half that of the embedding.
        strides: stride of each convolution; the paper's five give 160 samples per frame.
        kernel_sizes: kernel size of each convolution, at least its stride.
        layer_norm: apply layer normalization to the channels of every frame after each convolution.
            The paper describes no normalization; with it, training starts at once whatever the
            level of the recordings. Unlike batch normalization, it lets no frame see another.
        normalize_level: normalize the level of each recording first. Turn it off for recordings
            that are fed in chunks, as in streaming, where each chunk would be normalized by itself.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, max(T // hop, 1), context_dim), the contexts, and `embedding`
        (B, 2 * context_dim), their mean and standard deviation over the frames inside the
        recording. A recording shorter than a hop is continued with silence to one frame.

    Raises:
        ValueError: the numbers of strides and kernels differ, or a kernel is shorter than its
            stride.

    Reference:
        van den Oord, Li, Vinyals 2018, arXiv 1807.03748.
    """
    if len(strides) != len(kernel_sizes) or any(
        k < s for k, s in zip(kernel_sizes, strides, strict=False)
    ):
        raise ValueError(
            "cpc_encoder needs a kernel for each stride, at least as long; got "
            f"kernel_sizes={kernel_sizes} for strides={strides}."
        )
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")

    x = NormalizeLevel(dtype="float32")([waveform, padding_mask]) if normalize_level else waveform
    x, recording = AtLeast(math.prod(strides), name="at_least", dtype="float32")([x, padding_mask])
    x = keras.layers.Reshape((-1, 1))(x)
    for number, (stride, kernel) in enumerate(zip(strides, kernel_sizes, strict=True), start=1):
        x = keras.layers.ZeroPadding1D((kernel - stride, 0))(x)
        x = keras.layers.Conv1D(channels, kernel, stride)(x)
        if layer_norm:
            x = keras.layers.LayerNormalization(epsilon=1e-5)(x)
        x = keras.layers.ReLU(name=f"block_{number}")(x)
    contexts = keras.layers.GRU(
        context_dim, return_sequences=True, name=f"block_{len(strides) + 1}"
    )(x)

    frames = FrameMask(math.prod(strides))(recording)
    embedding = MaskedStatistics(name="pool", dtype="float32")([contexts, frames])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": contexts, "embedding": embedding},
        name="cpc_encoder",
    )
