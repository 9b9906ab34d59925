"""Faults in the encoders."""

from tests.faults.fault import Fault

ADAPTED = ("tests/encoders/test_adapt.py",)

FAULTS = (
    Fault(
        "CPC's convolutions look ahead",
        "mmssl/encoders/cpc.py",
        "ZeroPadding1D((kernel - stride, 0))",
        "ZeroPadding1D((0, kernel - stride))",
        ("tests/encoders/test_encoders.py",),
        "ahead",
    ),
    Fault(
        "a cached token takes the position of the first",
        "mmssl/encoders/gpt.py",
        'encoder.get_layer("position_embedding")(x, start_index=index)',
        'encoder.get_layer("position_embedding")(x)',
        ("tests/encoders/test_gpt_encoder.py",),
        "cache",
    ),
    Fault(
        "the tokens of a text see its padding",
        "mmssl/encoders/parts/tokens.py",
        'PaddingMask(name="visible")(token_mask)',
        'PaddingMask(name="visible")(keras.ops.ones_like(token_mask))',
        ("tests/encoders/test_roberta.py",),
        "padding",
    ),
    Fault(
        "a spectrogram's convolutions look ahead",
        "mmssl/encoders/spectrogram.py",
        "ZeroPadding2D(((1, 0), (1, 0)))",
        "ZeroPadding2D(((0, 1), (1, 0)))",
        ("tests/encoders/test_spectrogram_encoder.py",),
        "after",
    ),
    Fault(
        "convolved positions see what stands in the padding",
        "mmssl/encoders/wav2vec.py",
        "x = ZeroMaskedFrames()([x, frames])",
        "pass",
        ("tests/encoders/test_wav2vec.py",),
        "padding",
    ),
    Fault(
        "WaveNet's dilations begin at two",
        "mmssl/encoders/wavenet.py",
        "dilation=2 ** ((number - 1) % layers)",
        "dilation=2 ** (number % layers)",
        ("tests/encoders/test_wavenet_encoder.py",),
        "block or field",
    ),
    Fault(
        "an adapted encoder begins with new weights",
        "mmssl/encoders/parts/graph.py",
        "copy.set_weights(model.get_weights())",
        "moved = True",
        ADAPTED,
        "begins_with_the_models_weights or layers_of_a_nested",
    ),
    Fault(
        "an adapted network forgets what it was normalized by",
        "mmssl/encoders/parts/graph.py",
        "layer = _constant(layer)",
        "pass",
        ADAPTED,
        "was_normalized_by",
    ),
    Fault(
        "channels stay red, green and blue where blue comes first",
        "mmssl/encoders/parts/pixels.py",
        "images = keras.ops.flip(images, axis=-1)",
        "pass",
        ADAPTED,
        "scaled_inside",
    ),
    Fault(
        "a preset's pixels are scaled as if they were bytes already",
        "mmssl/encoders/parts/opening.py",
        "_flat(as_numbers(scale) * 255)",
        "_flat(as_numbers(scale))",
        ADAPTED,
        "preset_tells",
    ),
    Fault(
        "a class token is averaged with the patches of an adapted backbone",
        "mmssl/encoders/adapt.py",
        "leading_tokens(features) == 1",
        "leading_tokens(features) == 9",
        ADAPTED,
        "patches_of_a_backbone",
    ),
    Fault(
        "adapted batch norms keep their slow statistics",
        "mmssl/encoders/adapt.py",
        "layer.momentum = layer.momentum if momentum is None else momentum",
        "layer.momentum = layer.momentum",
        ADAPTED,
        "batch_norms_follow",
    ),
)
