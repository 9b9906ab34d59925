"""How evenly the entries of codebooks are used (Baevski et al. 2020, arXiv 2006.11477)."""

from keras import ops

TINY = 1e-7  # beside probabilities, whose logarithm is taken


def code_perplexity(shares):
    """Computes how many entries are in use: the exponential of the entropy of their shares.

    Args:
        shares: float32 (G, V), the share of each entry in its group, each row with a sum of 1.

    Returns:
        float32 (G,), from 1, where one entry has all, to V, where all have as much.
    """
    return ops.exp(-ops.sum(shares * ops.log(shares + TINY), axis=-1))


def code_diversity(shares):
    """Computes the share of the entries that are not in use, by perplexity.

        (G V - sum_g exp(H(p_g))) / (G V)

    as in the official code; the paper has the sum of p log p over G V, with the same minimum.

    Args:
        shares: float32 (G, V), see `code_perplexity`: the softmax without noise or temperature,
            averaged over what is quantized in the batch of all replicas.

    Returns:
        float32 scalar, from 0, where all entries have as much, to 1 - 1 / V.
    """
    groups, entries = shares.shape
    return 1.0 - ops.sum(code_perplexity(shares)) / (groups * entries)
