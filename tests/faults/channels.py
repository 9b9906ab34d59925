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
        "the halves of a split-brain encoder are mixed from block to block",
        "mmssl/encoders/split_conv.py",
        "halves = ChannelGroups((width // 2, width // 2))(x)",
        "halves = [x, x]",
        ("tests/methods/test_split_brain.py",),
    ),
    Fault(
        "the second half of a split-brain encoder sees the first group, too",
        "mmssl/encoders/split_conv.py",
        'halves = ChannelGroups(groups, name="groups", dtype="float32")(x)',
        'halves = [ChannelGroups(groups, name="groups", dtype="float32")(x)[0], x]',
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
        "depth is that of the item at the same place of the whole source",
        "pipelines/images/depth.py",
        "        depth = self._maps_of(source)\n",
        "        depth = self._map\n",
        ("tests/pipelines/images/test_depth.py",),
    ),
    Fault(
        "a map of depth keeps its own size",
        "pipelines/images/depth.py",
        "tf.image.resize(depth, tf.shape(image)[:2], method=nearest)",
        "depth[: tf.shape(image)[0], : tf.shape(image)[1]]",
        ("tests/pipelines/images/test_depth.py",),
    ),
)
