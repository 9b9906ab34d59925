"""WaveRNN: one recurrent layer over the two bytes of 16-bit samples."""

import keras

from mmssl.layers import DualGRU, MaskedMean, SplitBytes


def wavernn_encoder(units: int = 896) -> keras.Model:
    """Builds WaveRNN without its output layers: states from which samples are predicted.

    The first half of feature t predicts the coarse byte of sample t and depends on the samples
    before it; the second half predicts the fine byte and depends on the coarse one as well. The
    recurrent layer is `block_1`.

    Args:
        units: width of the state, even; half of it for each byte.

    Returns:
        keras.Model from `waveform` float32 (B, T) in [-1, 1] and `padding_mask` int32 (B, T) to
        `features` (B, T, units), the states, and `embedding` (B, units), their mean over the
        recording.

    Raises:
        ValueError: `units` is not even, or below 2.

    Reference:
        Kalchbrenner et al. 2018, arXiv 1802.08435.
    """
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    coarse, fine = SplitBytes(name="bytes", dtype="float32")(waveform)
    states = DualGRU(units, name="block_1")([coarse, fine])
    embedding = MaskedMean(name="pool", dtype="float32")([states, padding_mask])
    return keras.Model(
        {"waveform": waveform, "padding_mask": padding_mask},
        {"features": states, "embedding": embedding},
        name="wavernn_encoder",
    )
