"""Faults in contrast between views, scales and places, and in what it is made of."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "CMC scores a view against its own memory",
        "mmssl/methods/cmc.py",
        "cosine_scores(vectors[i], own[j], others[j], self.temperature)",
        "cosine_scores(vectors[i], own[i], others[i], self.temperature)",
        ("tests/methods/test_cmc.py",),
    ),
    Fault(
        "CMC takes Z anew from every batch",
        "mmssl/methods/cmc.py",
        "ops.where(self.steps.value > 0,",
        "ops.where(self.steps.value < 0,",
        ("tests/methods/test_cmc.py",),
    ),
    Fault(
        "CMC leaves one direction of a pair out",
        "mmssl/methods/cmc.py",
        "itertools.permutations(range(len(groups)), 2)",
        "itertools.combinations(range(len(groups)), 2)",
        ("tests/methods/test_cmc.py",),
    ),
    Fault(
        "CMC counts a picture's own vector among the negatives as a miss",
        "mmssl/methods/cmc.py",
        "ops.where(itself, MASKED_SCORE, others)",
        "others",
        ("tests/methods/test_cmc.py",),
    ),
    Fault(
        "a memory keeps as much as it should take in",
        "mmssl/layers/memory_bank.py",
        "self.momentum * self.look_up(indices) + (1 - self.momentum) * rows",
        "(1 - self.momentum) * self.look_up(indices) + self.momentum * rows",
        ("tests/layers/test_memory_bank.py",),
    ),
    Fault(
        "vectors in a memory are as long as they become",
        "mmssl/layers/memory_bank.py",
        "unit = ops.normalize(moved, axis=-1)",
        "unit = moved",
        ("tests/layers/test_memory_bank.py",),
    ),
    Fault(
        "replicas write only their own rows into a memory",
        "mmssl/layers/memory_bank.py",
        "indices = distribution.gather(indices)\n"
        '        rows = ops.cast(distribution.gather(ops.stop_gradient(rows)), "float32")',
        'rows = ops.cast(ops.stop_gradient(rows), "float32")',
        ("tests/contract/test_methods.py",),
        "cmc and two_replicas",
    ),
    Fault(
        "negatives are the same for all pictures of an epoch",
        "pipelines/images/instances.py",
        "tf.random.experimental.stateless_fold_in(key, _NEGATIVES)",
        "tf.constant([1, _NEGATIVES], tf.int64)",
        ("tests/pipelines/images/test_instances.py",),
    ),
    Fault(
        "a channel beside a picture is that of another one",
        "pipelines/images/beside.py",
        "_channel(path[index], size) for path",
        "_channel(path[0], size) for path",
        ("tests/pipelines/images/test_beside.py",),
    ),
    Fault(
        "a trained encoder does not get the channels beside a picture",
        "pipelines/images/beside.py",
        'return lambda index, item, *_: {"images": center_crop(others(index, item), self.size)}',
        'return lambda index, item, *_: {"images": center_crop(item, self.size)}',
        ("tests/pipelines/images/test_beside.py",),
    ),
    Fault(
        "groups of channels share their weights at first",
        "mmssl/encoders/channel_groups.py",
        'halves = [_segments(resized, names, f"group_{n}_") for n in range(1, len(groups) + 1)]',
        'halves = [_segments(resized, names, "group_")] * len(groups)',
        ("tests/encoders/test_channel_groups.py",),
    ),
    Fault(
        "each group of channels sees the colors of all",
        "mmssl/encoders/channel_groups.py",
        "TakeChannels(_three(group), name",
        "TakeChannels((0, 1, 2), name",
        ("tests/encoders/test_channel_groups.py",),
    ),
    Fault(
        "a and b are scaled by the range of L",
        "mmssl/layers/channels.py",
        "/ ops.array(span)",
        "/ span[0]",
        ("tests/layers/test_channels.py",),
    ),
)
