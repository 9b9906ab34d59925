"""Overrides that make recipes of one kind small enough for seconds."""


def tiny_transformer(width, depth=1):
    """Overrides for an encoder of few blocks: each takes as long to trace as a small network."""
    sizes = {"width": width, "depth": depth, "num_heads": 2, "mlp_dim": 2 * width}
    return tuple(f"--method.encoder.{name}={size}" for name, size in sizes.items())


# Of few documents and pieces, a vocabulary is learned in a moment.
TINY_TEXT = (
    "--data.batch_size=4",
    "--data.length=48",
    "--data.limit=12",
    "--data.vocabulary_size=400",
    *tiny_transformer(32),
)
TINY_FRAMES = (
    "--data.batch_size=4",
    "--data.window=2000",
    "--data.kernel_sizes=[10,4]",
    "--data.strides=[5,4]",
    "--method.encoder.position_depth=1",
    "--method.encoder.channels=16",
    "--method.encoder.position_groups=4",
    *tiny_transformer(32),
)
TINY_SOUND = (*TINY_FRAMES, "--method.copied=[position_convolution_1]")
TINY_CROPS = (
    "--data.batch_size=4",
    "--data.size=32",
    "--method.encoder.size=32",
    "--method.encoder.channels=[8,16,16]",
    "--probe.layer=null",
)
TINY_PATCHES = (
    "--data.batch_size=4",
    "--data.size=16",
    *tiny_transformer(16, depth=2),
    "--probe.layer=null",
)
TINY_VIEWS = (
    "--data.batch_size=8",
    "--data.size=16",
    "--method.encoder.size=16",
    "--method.encoder.channels=[8,8]",
    "--method.encoder.strides=[2,2]",
)
TINY_MULTI_CROP = (
    "--data.batch_size=8",
    "--data.size=16",
    "--data.small_size=8",
    "--data.num_small_views=2",
    "--method.encoder.channels=[8,16]",
    "--method.encoder.strides=[2,2]",
    "--method.frozen_steps=0",
)
