"""Faults in what looks across replicas."""

from tests.faults.fault import Fault

ON_REPLICAS = (
    "tests/losses/test_elsewhere.py::test_two_replicas_with_half_the_batch_equal_one_with_the_whole",
)
STEPS_ON_REPLICAS = (
    "tests/optimizers/test_build.py::test_replicas_and_parts_clip_and_decay_as_one_batch_does",
)

FAULTS = (
    Fault(
        "nothing is gathered from other replicas",
        "mmssl/distribution.py",
        "rows = context.all_gather(tf.identity(x), axis=0)",
        "rows = x",
        ON_REPLICAS,
    ),
    Fault(
        "every replica takes its rows for the first ones",
        "mmssl/distribution.py",
        "return context.replica_id_in_sync_group * rows if context else 0",
        "return 0",
        ON_REPLICAS,
    ),
    Fault(
        "a mean over replicas is that of one",
        "mmssl/distribution.py",
        'return context.all_reduce("MEAN", x) if context else x',
        "return x",
        ON_REPLICAS,
    ),
    Fault(
        "a loss is not divided by the number of replicas",
        "mmssl/distribution.py",
        "return loss / num_replicas()",
        "return loss",
        ON_REPLICAS,
    ),
    Fault(
        "the gradients of replicas are averaged, though their losses are shares",
        "mmssl/distribution.py",
        'context.all_reduce("SUM", dense, packs)',
        'context.all_reduce("MEAN", dense, packs)',
        STEPS_ON_REPLICAS,
    ),
    Fault(
        "the variance of all replicas is computed in float32",
        "mmssl/distribution.py",
        'ops.cast(y, "float64") for y in own',
        "y for y in own",
        ("tests/test_distribution.py",),
        "digits",
    ),
)
