"""Faults in tasks that predict some channels of a picture from others."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "each half of a split-brain autoencoder predicts what it sees",
        "mmssl/methods/split_brain.py",
        "zip(self.heads, halves[::-1], strict=True)",
        "zip(self.heads, halves, strict=True)",
        ("tests/methods/test_split_brain.py",),
    ),
    Fault(
        "levels of a channel are a half too high",
        "mmssl/methods/bases/channel_codes.py",
        "level = ops.floor((values + 1) * (self.levels / 2))",
        "level = ops.round((values + 1) * (self.levels / 2))",
        ("tests/methods/test_split_brain.py",),
    ),
    Fault(
        "classes of levels stand for their lower ends",
        "mmssl/methods/bases/channel_codes.py",
        '(np.arange(self.levels, dtype="float32") + 0.5)',
        'np.arange(self.levels, dtype="float32")',
        ("tests/methods/test_split_brain.py",),
    ),
    Fault(
        "regression averages over channels where it should add",
        "mmssl/methods/bases/channel_codes.py",
        "ops.sum(ops.square(outputs - values), axis=-1)",
        "ops.mean(ops.square(outputs - values), axis=-1)",
        ("tests/methods/test_split_brain.py",),
    ),
    Fault(
        "split-brain targets are the pixels beside those that are predicted",
        "mmssl/methods/split_brain.py",
        "images[:, :: self.stride, :: self.stride]",
        "images[:, 1 :: self.stride, :: self.stride]",
        ("tests/methods/test_split_brain.py",),
    ),
    Fault(
        "a pixel is looked up a pixel beside its place in the maps",
        "mmssl/encoders/parts/pixel_grid.py",
        "return stride, (size - 1) / 2 - padded // 2",
        "return stride, (stride - 1) / 2",
        ("tests/encoders/parts/test_pixel_grid.py",),
    ),
    Fault(
        "strides are added up from the wrong end",
        "mmssl/encoders/parts/pixel_grid.py",
        "offset * own_stride + shift",
        "offset + stride * shift",
        ("tests/encoders/parts/test_pixel_grid.py",),
    ),
    Fault(
        "samples between places mix rows by the part of the column",
        "mmssl/layers/sampling.py",
        "down, right = part[..., 0], part[..., 1]",
        "right, down = part[..., 0], part[..., 1]",
        ("tests/layers/test_sampling.py",),
    ),
    Fault(
        "the hue of gray pixels is learned, too",
        "mmssl/losses/hue_chroma.py",
        "ops.mean(hue_weight * chroma * of_hue)",
        "ops.mean(hue_weight * of_hue)",
        ("tests/losses/test_hue_chroma.py",),
    ),
    Fault(
        "hue is averaged along a line",
        "mmssl/methods/hypercolumn_colorization.py",
        "rgb_of_hue(ops.mod(hue / (2 * np.pi), 1.0), ",
        "rgb_of_hue(ops.abs(hue / (2 * np.pi)), ",
        ("tests/methods/test_hypercolumn_colorization.py",),
    ),
    Fault(
        "a hypercolumn lacks the first block",
        "mmssl/methods/hypercolumn_colorization.py",
        "for name in blocks(encoder)]",
        "for name in blocks(encoder)[1:]]",
        ("tests/methods/test_hypercolumn_colorization.py",),
    ),
    Fault(
        "pixels to predict lie at the borders, too",
        "pipelines/images/sampled_pixels.py",
        "border = self.size // BORDER",
        "border = 0",
        ("tests/pipelines/images/test_sampled_pixels.py",),
    ),
    Fault(
        "green and blue are of one hue",
        "mmssl/layers/color.py",
        "(red - green) / some + 4",
        "(red - green) / some + 2",
        ("tests/layers/test_color.py",),
    ),
)
