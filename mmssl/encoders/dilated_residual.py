"""Jukebox's encoder of sound: strided convolutions, each with dilated residual units behind it."""

import itertools

import keras

from mmssl.layers import AtLeast, DilatedUnit, FrameMask, MaskedStatistics, ZeroMaskedFrames


def dilated_residual_encoder(
    halvings: tuple[int, ...] = (3,),
    width: int = 32,
    depth: int = 4,
    growth: int = 3,
    out_width: int = 64,
) -> keras.Model:
    """Builds convolutions of four taps and stride 2 with dilated residual units, without norms.

    Frames see as far ahead as back, and padding is zero before each convolution, so that it changes
    no frame inside the recording. Each halving with its units is a block.

    Args:
        halvings: how often each stage halves the rate; a convolution to `out_width` channels ends a
            stage. With `hop` 2 to their sum, a frame stands for so many samples.
        width: channels of the strided convolutions and of the units.
        depth: units behind each of them, 1 or more.
        growth: factor of the dilation from a unit to the next, 1 or more; the first has 1.
        out_width: channels of the features.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, max(T // hop, 1), out_width) and `embedding` (B, 2 * out_width), their mean
        and standard deviation over the frames inside the recording. A recording shorter than a hop
        is continued with silence to one frame.

    Raises:
        ValueError: a size is out of range.

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """
    sizes = {"width": width, "depth": depth, "growth": growth, "out_width": out_width}
    check_sizes("dilated_residual_encoder", halvings, **sizes)
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    shortest = AtLeast(2 ** sum(halvings), name="at_least", dtype="float32")
    x, frames = shortest([waveform, padding_mask])
    x, numbers = keras.layers.Reshape((-1, 1), name="samples")(x), itertools.count(1)
    for count in halvings:
        for _ in range(count):
            x = _convolution(x, frames, width, 4, 2)
            frames = FrameMask(2)(frames)
            names = [*(depth - 1) * [None], f"block_{next(numbers)}"]
            for place, name in enumerate(names):
                x = DilatedUnit(width, growth**place, name=name)(x, frames)
        x = _convolution(x, frames, out_width, 3, 1)
    embedding = MaskedStatistics(name="pool", dtype="float32")([x, frames])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": x, "embedding": embedding},
        name="dilated_residual_encoder",
    )


def _convolution(x, frames, width, taps, stride):
    x = keras.layers.ZeroPadding1D(1)(ZeroMaskedFrames()([x, frames]))
    return keras.layers.Conv1D(width, taps, stride)(x)


def check_sizes(name, halvings, **sizes):
    """Checks the sizes of an encoder or decoder.

    Args:
        name: str, its name.
        halvings: tuple of int.
        **sizes: int each.

    Raises:
        ValueError: there is no stage, or a size is below 1.
    """
    if not halvings or min(halvings) < 1:
        raise ValueError(f"{name}(halvings={list(halvings)}) must be one number or more, from 1.")
    for size, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name}({size}={value}) must be 1 or more.")
