"""Jukebox's decoder of sound: dilated residual units, each with a transposed convolution behind."""

import keras

from mmssl.encoders.dilated_residual import check_sizes
from mmssl.encoders.parts.doublings import doubled
from mmssl.layers import DilatedUnit


def dilated_residual_decoder(
    features,
    halvings: tuple[int, ...] = (3,),
    width: int = 32,
    depth: int = 4,
    unit_width: int = 32,
    growth: int = 3,
) -> keras.Model:
    """Builds the way back of `mmssl.encoders.dilated_residual_encoder`.

    Args:
        features: KerasTensor (None, T, C), T of any length.
        halvings: see the encoder; stages are undone from the last to the first.
        width: channels of the units and of the transposed convolutions; each stage ends in C.
        depth: units before each transposed convolution, 1 or more.
        unit_width: channels inside a unit.
        growth: factor of the dilation; the widest comes first.

    Returns:
        keras.Model from (B, T, C) to float32 (B, T * hop), hop being 2 to the sum of `halvings`.

    Raises:
        ValueError: a size is out of range.

    Reference:
        Dhariwal et al. 2020, arXiv 2005.00341.
    """
    sizes = {"width": width, "depth": depth, "unit_width": unit_width, "growth": growth}
    check_sizes("dilated_residual_decoder", halvings, **sizes)
    channels = features.shape[-1]
    inputs = x = keras.Input((None, channels))
    for count in reversed(halvings):
        widths = [*(count - 1) * [width], channels]
        x = doubled(x, widths, width, [growth**place for place in range(depth)], unit_width)
    x = keras.layers.Conv1D(1, 3, padding="same", dtype="float32", name="outputs")(x)
    wave = keras.layers.Reshape((-1,), dtype="float32")(x)
    return keras.Model(inputs, wave, name="dilated_residual_decoder")


def mirrored_decoder(encoder) -> keras.Model:
    """Builds the way back of an encoder, with its sizes.

    Args:
        encoder: keras.Model of `mmssl.encoders.dilated_residual_encoder`.

    Returns:
        See `dilated_residual_decoder`.

    Raises:
        ValueError: it is another encoder.
    """
    strides = [x.strides[0] for x in encoder.layers if isinstance(x, keras.layers.Conv1D)]
    units = [x for x in encoder.layers if isinstance(x, DilatedUnit)]
    if not units or set(strides) != {1, 2}:
        raise ValueError(
            f"{encoder.name} cannot be mirrored: levels of sound are encoders of "
            "mmssl.encoders.dilated_residual_encoder."
        )
    # A convolution with stride 1 ends each stage.
    stages = "".join("h" if stride == 2 else " " for stride in strides).split()
    depth = len(units) // strides.count(2)
    return dilated_residual_decoder(
        encoder.output["features"],
        tuple(len(stage) for stage in stages),
        width=units[0].output.shape[-1],
        depth=depth,
        unit_width=units[0].width,
        growth=units[1].dilation if depth > 1 else 1,
    )
