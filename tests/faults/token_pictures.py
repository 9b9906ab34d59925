"""Faults in transformers over the tokens of pictures: image GPT, DALL-E."""

from tests.faults.fault import Fault

_PALETTE = ("tests/layers/test_palette.py",)
_BLOCK = ("tests/layers/test_rms_block.py",)
_IGPT = ("tests/methods/test_image_gpt.py",)
FAULTS = (
    Fault(
        "pixels get the number of the color that is nearest in green and blue alone",
        "mmssl/layers/palette.py",
        "            for channel in range(channels)\n",
        "            for channel in range(1, channels)\n",
        _PALETTE,
        "nearest",
    ),
    Fault(
        "every color counts the same in the palette, however rare",
        "mmssl/layers/palette.py",
        "found.fit(levels, sample_weight=counts)",
        "found.fit(levels)",
        _PALETTE,
        "how_often",
    ),
    Fault(
        "colors of the palette are cut off, not rounded",
        "mmssl/layers/palette.py",
        "levels = np.rint(127.5 * (ops.convert_to_numpy(self.table) + 1.0))",
        "levels = np.floor(127.5 * (ops.convert_to_numpy(self.table) + 1.0))",
        _PALETTE,
        "numbers",
    ),
    Fault(
        "the block's GELU is that of tanh",
        "mmssl/layers/rms_block.py",
        "ops.sigmoid(1.702 * x)",
        "ops.sigmoid(1.6 * x)",
        _BLOCK,
        "formula",
    ),
    Fault(
        "a token is told itself: nothing is shifted",
        "mmssl/layers/rms_block.py",
        "return ops.concatenate([first, tokens[:, :-1]], axis=1)",
        "return tokens + 0 * first",
        _IGPT,
        "before_it_alone",
    ),
    Fault(
        "visible pixels are scored, too",
        "mmssl/methods/image_gpt.py",
        'hidden = ops.ones_like(codes) if self.causal else batch["mask"]',
        "hidden = ops.ones_like(codes)",
        _IGPT,
        "not_scored",
    ),
    Fault(
        "the encoder sees what is hidden",
        "mmssl/methods/image_gpt.py",
        'tokens * ops.cast(1 - batch["mask"], tokens.dtype)',
        'tokens * ops.cast(1 - 0 * batch["mask"], tokens.dtype)',
        _IGPT,
        "not_seen",
    ),
    Fault(
        "pictures with more hidden pixels count more",
        "mmssl/methods/image_gpt.py",
        "hidden / ops.sum(hidden, axis=1, keepdims=True)",
        "hidden / ops.mean(ops.sum(hidden, axis=1))",
        _IGPT,
        "mean_over_pixels",
    ),
    Fault(
        "a picture may have no hidden pixel",
        "pipelines/images/masked_pixels.py",
        "draws <= tf.maximum(self.mask_ratio, tf.reduce_min(draws))",
        "draws <= self.mask_ratio",
        ("tests/pipelines/images/test_masked_pixels.py",),
        "at_least_one",
    ),
    Fault(
        "cached positions lag a pixel behind",
        "mmssl/encoders/image_gpt.py",
        'encoder.get_layer("position_embedding")(x, start_index=index)',
        'encoder.get_layer("position_embedding")(x, start_index=index // 2)',
        ("tests/generation/test_image_gpt_sampler.py",),
        "likeliest",
    ),
)
