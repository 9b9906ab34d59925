"""What stands before and behind a codebook, for pictures and for sound."""

import math

import keras

from mmssl.decoders import dilated_residual_decoder, strided_residual_decoder
from mmssl.encoders import reach
from mmssl.layers import GridPooling


def decoder_of_codes(name, encoder, entry_width, target_shape, width, units, unit_width):
    """Builds the way from entries in the places of an encoder's features back to targets.

    Args:
        name: str, name of the method.
        encoder: keras.Model with a map of features of a known size, or of sound.
        entry_width: channels of an entry.
        target_shape: shape of a target, without the batch.
        width: see `mmssl.decoders.strided_residual_decoder`, as for the next two; of sound,
            `mmssl.decoders.dilated_residual_decoder`.
        units: number of residual units.
        unit_width: channels inside a unit.

    Returns:
        keras.Model from (B, ..., entry_width) to float32 (B, *target_shape).

    Raises:
        ValueError: the features are no such map or sequence, or no decoder leads to targets.
    """
    places = encoder.output["features"].shape[1:-1]
    if len(places) == 2 and None not in places:
        entries = keras.Input((*places, entry_width))
        return strided_residual_decoder(entries, target_shape, width, units, unit_width)
    if len(places) != 1 or "waveform" not in encoder.input or len(target_shape) != 1:
        raise ValueError(
            f"{name}(encoder=...) needs a map of features of a known size, or a sequence of them "
            f"made of sound; {encoder.name} has features {tuple(encoder.output['features'].shape)} "
            f"of {' and '.join(encoder.input)}, and targets are {target_shape}."
        )
    hop, [window] = reach(encoder).hop, target_shape
    if hop & (hop - 1) or hop < 2 or window % hop:
        raise ValueError(
            f"{name}(encoder=...) must have frames of a power of 2 samples that divides "
            f"data.window; got {hop} for a window of {window}."
        )
    frames = keras.Input((None, entry_width))
    return dilated_residual_decoder(frames, (int(math.log2(hop)),), width, units, unit_width)


def hop_of(encoder):
    """Returns the samples of a frame of an encoder of sound; None for another."""
    return reach(encoder).hop if "waveform" in encoder.input else None


def quantized_encoder(encoder, quantized, grid=2):
    """Returns an encoder that ends in entries of a codebook; layers are shared.

    Args:
        encoder: keras.Model.
        quantized: KerasTensor (B, ..., C), entries in the places of its features.
        grid: cells per side of a map whose averages the embedding concatenates; a sequence is
            pooled as the encoder pools its own features.

    Returns:
        keras.Model with the encoder's inputs to `features`, the entries, and `embedding`.
    """
    if len(quantized.shape) == 4:
        pooled = GridPooling(grid, name="codes_pool", dtype="float32")(quantized)
    else:
        pool = encoder.get_layer("pool")
        _, mask = pool.input
        pooled = type(pool).from_config(pool.get_config())([quantized, mask])
    outputs = {"features": quantized, "embedding": pooled}
    return keras.Model(encoder.input, outputs, name=f"{encoder.name}_quantized")
