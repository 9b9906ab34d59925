"""Faults in the losses."""

from tests.faults.fault import Fault

ON_REPLICAS = (
    "tests/losses/test_elsewhere.py::test_two_replicas_with_half_the_batch_equal_one_with_the_whole",
)

FAULTS = (
    Fault(
        "the center of DINO exchanges its two weights",
        "mmssl/losses/dino.py",
        "return momentum * center + (1 - momentum) * mean",
        "return (1 - momentum) * center + momentum * mean",
        ("tests/losses/test_dino.py",),
    ),
    Fault(
        "DINO's loss moves the teacher",
        "mmssl/losses/dino.py",
        "ops.stop_gradient(ops.softmax(x))",
        "ops.softmax(x)",
        ("tests/losses/test_dino.py",),
    ),
    Fault(
        "InfoNCE counts a query's own key among the others",
        "mmssl/losses/info_nce.py",
        "ops.where(itself, MASKED_SCORE, pairwise_dots(queries, everyone))",
        "pairwise_dots(queries, everyone)",
        ("tests/losses/test_info_nce.py",),
    ),
    Fault(
        "the accuracy of masked tokens counts, but their loss takes all slots",
        "mmssl/losses/masked_cross_entropy.py",
        "ops.sum(weights * losses)",
        "ops.sum(losses)",
        ("tests/losses/test_masked_cross_entropy.py",),
    ),
    Fault(
        "NT-Xent forgets the temperature of the positives",
        "mmssl/losses/nt_xent.py",
        "ops.repeat(dot(first, second), 2) / temperature",
        "ops.repeat(dot(first, second), 2)",
        ("tests/losses/test_nt_xent.py",),
    ),
    Fault(
        "NT-Xent takes every replica's examples for the first ones",
        "mmssl/losses/nt_xent.py",
        "(ops.arange(rows) + distribution.first_row(rows)) // 2",
        "ops.arange(rows) // 2",
        ON_REPLICAS,
    ),
    Fault(
        "an embedding is its own positive",
        "mmssl/losses/parts/labeled_pairs.py",
        "positives = ops.logical_and(same, ops.logical_not(itself))",
        "positives = ops.logical_or(same, itself)",
        ("tests/losses/test_soft_nearest_neighbor.py",),
    ),
    Fault(
        "a crop has to predict its own assignment as well",
        "mmssl/losses/swapped_prediction.py",
        "if v != i",
        "if v >= 0",
        ("tests/losses/test_swav.py",),
    ),
    Fault(
        "Sinkhorn lets gradients through",
        "mmssl/losses/swav.py",
        "codes = ops.stop_gradient(scores) / epsilon",
        "codes = scores / epsilon",
        ("tests/losses/test_swav.py",),
    ),
    Fault(
        "smooth L1 is not divided by beta",
        "mmssl/losses/token_regression.py",
        "delta=beta) / beta",
        "delta=beta)",
        ("tests/losses/test_token_regression.py",),
    ),
    Fault(
        "VICReg's covariance counts the variances",
        "mmssl/losses/vicreg.py",
        "off_diagonal = 1 - ops.eye(dimensions)",
        "off_diagonal = 1.0",
        ("tests/losses/test_vicreg.py",),
    ),
    Fault(
        "rows that are all here are averaged as if they were one replica's",
        "mmssl/losses/parts/all_rows.py",
        "list, 1\n",
        "list, replicas\n",
        ("tests/losses/test_elsewhere.py",),
    ),
    Fault(
        "wide projections are compared within a replica",
        "mmssl/losses/parts/all_rows.py",
        "everyone = distribution.gather(ops.concatenate(views, axis=1))",
        "everyone = ops.concatenate(views, axis=1)",
        ("tests/losses/test_elsewhere.py",),
    ),
    Fault(
        "VICReg divides by the rows, not by one less",
        "mmssl/losses/vicreg.py",
        "count - 1 / replicas",
        "count",
        ("tests/losses/test_vicreg.py",),
    ),
    Fault(
        "a weighted error is the mean over pixels that have no weight too",
        "mmssl/losses/weighted_squared_error.py",
        'ops.sum(ops.cast(weights > 0, "float32"), axis=(1, 2, 3))',
        'ops.sum(ops.ones_like(weights, "float32"), axis=(1, 2, 3))',
        ("tests/losses/test_weighted_squared_error.py",),
    ),
    Fault(
        "an interval of samples counts its last coarse byte twice",
        "mmssl/losses/sample_intervals.py",
        "between = _sum(coarse, c + 1, d - 1)",
        "between = _sum(coarse, c + 1, d)",
        ("tests/losses/test_sample_intervals.py",),
    ),
)
