import numpy as np

from mmssl.evaluation.probes.units import normalized_information, purity
from tests.tolerances import ROUNDING, SUM, assert_close


def test_units_that_tell_the_label_are_pure_and_have_all_its_information():
    counts = np.array([[5, 0], [0, 3], [0, 4]])
    assert purity(counts) == 1
    assert_close(normalized_information(counts), 1, ROUNDING)


def test_units_that_know_nothing_have_the_share_of_the_most_frequent_label():
    counts = np.array([[6, 2], [3, 1]])
    assert purity(counts) == 0.75
    assert_close(normalized_information(counts), 0, SUM, scale=1)


def test_it_is_the_difference_of_entropies():
    counts = np.random.default_rng(0).integers(0, 9, (6, 4))
    joint = counts / counts.sum()

    def entropy(p):
        return -(p[p > 0] * np.log(p[p > 0])).sum()

    labels, units = joint.sum(0), joint.sum(1)
    expected = (entropy(labels) + entropy(units) - entropy(joint)) / entropy(labels)
    assert_close(normalized_information(counts), expected, SUM)
