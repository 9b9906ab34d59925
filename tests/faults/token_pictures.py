"""Faults in transformers over the tokens of pictures: image GPT, DALL-E."""

from tests.faults.fault import Fault

_PALETTE = ("tests/layers/test_palette.py",)
_BLOCK = ("tests/layers/test_rms_block.py",)
_IGPT = ("tests/methods/test_image_gpt.py",)
_PATTERN = ("tests/layers/test_attention_pattern.py",)
_CAPTIONED = ("tests/layers/test_captioned.py",)
_DALLE = ("tests/methods/test_dalle.py",)
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
        "tokens * ops.cast(1 - mask, tokens.dtype)",
        "tokens * ops.cast(1 - 0 * mask, tokens.dtype)",
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
    Fault(
        "a row does not see the cell above",
        "mmssl/layers/attention_pattern.py",
        "return queries - keys <= self.columns",
        "return queries - keys < self.columns",
        _PATTERN,
        "row",
    ),
    Fault(
        "neighbors reach around the sides of a picture",
        "mmssl/layers/attention_pattern.py",
        "ops.abs(row - other_row) <= reach, ops.abs(column - other_column) <= reach",
        "ops.abs(row - other_row) <= reach, ops.abs(row - other_row) <= reach",
        _PATTERN,
        "neighbors",
    ),
    Fault(
        "all padding is one token",
        "mmssl/layers/captioned.py",
        'self.vocabulary_size + ops.arange(token_ids.shape[1], dtype="int32")',
        'self.vocabulary_size + 0 * ops.arange(token_ids.shape[1], dtype="int32")',
        (*_CAPTIONED, *_DALLE),
        "padding",
    ),
    Fault(
        "text and picture count the same",
        "mmssl/methods/dalle.py",
        "WEIGHTS = {TEXT: 1 / 8, IMAGE: 7 / 8}",
        "WEIGHTS = {TEXT: 1 / 2, IMAGE: 1 / 2}",
        _DALLE,
        "eighth",
    ),
    Fault(
        "codes are predicted from themselves",
        "mmssl/methods/dalle.py",
        "self.heads[IMAGE](features[:, self.length : -1])",
        "self.heads[IMAGE](features[:, self.length + 1 :])",
        _DALLE,
        "before_it_alone",
    ),
    Fault(
        "cached tokens attend densely, whatever the pattern",
        "mmssl/encoders/dalle.py",
        "_pattern(block).between(queries, keys)[None]",
        "(queries[:, None] >= keys)[None]",
        ("tests/generation/test_dalle_sampler.py",),
        "likeliest",
    ),
)
