import numpy as np

from mmssl.losses import code_diversity, code_perplexity
from tests.tolerances import NETWORK, SUM, assert_close


def test_even_use_costs_nothing_and_one_code_all_but_its_share():
    even = np.full((2, 8), 1 / 8, "float32")
    one = np.eye(8, dtype="float32")[[3, 5]]
    assert_close(code_diversity(even), 0, NETWORK, scale=1)
    assert_close(code_perplexity(even), 8, NETWORK)
    assert_close(code_diversity(one), 1 - 1 / 8, NETWORK)
    assert_close(code_perplexity(one), 1, NETWORK)


def test_it_is_the_formula_of_the_official_code():
    shares = np.random.default_rng(0).dirichlet(np.ones(6), size=3).astype("float32")
    entropies = [-(p * np.log(p)).sum() for p in shares.astype("float64")]
    assert_close(code_perplexity(shares), np.exp(entropies), NETWORK)
    assert_close(code_diversity(shares), (18 - np.exp(entropies).sum()) / 18, SUM, scale=1)
