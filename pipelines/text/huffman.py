"""Huffman's binary tree of words, whose frequent words lie near its root."""

import heapq

import numpy as np


def huffman_paths(counts):
    """Builds the tree of words by their counts.

    Args:
        counts: int array (V,), 1 or more; V is 2 or more.

    Returns:
        Pair of nodes int32 (V, P), the inner nodes from the root to each word, from 0 to V - 2, and
        signs int8 (V, P): 1 where the way goes on to the lighter child, -1 where to the heavier
        one, 0 after its end. P is the longest way.
    """
    size = len(counts)
    waiting = [(int(count), word) for word, count in enumerate(counts)]
    heapq.heapify(waiting)
    parent, sign = np.zeros(2 * size - 1, np.int64), np.zeros(2 * size - 1, np.int8)
    for node in range(size, 2 * size - 1):
        (one, lighter), (other, heavier) = heapq.heappop(waiting), heapq.heappop(waiting)
        parent[[lighter, heavier]], sign[[lighter, heavier]] = node, (1, -1)
        heapq.heappush(waiting, (one + other, node))
    return _ways(parent, sign, size)


def _ways(parent, sign, size):
    """Walks from all words to the root at once."""
    root, at = 2 * size - 2, np.arange(size)
    nodes, signs = [], []
    while (at != root).any():
        signs.append(np.where(at != root, sign[at], 0))
        at = np.where(at != root, parent[at], root)
        nodes.append(at - size)
    nodes, signs = np.stack(nodes, axis=1), np.stack(signs, axis=1).astype(np.int8)
    length = np.count_nonzero(signs, axis=1)[:, None]
    # From the root on: the steps of a word backwards, then those that it does not have.
    order = np.where(np.arange(nodes.shape[1]) < length, length - 1 - np.arange(nodes.shape[1]), -1)
    there = order >= 0
    nodes, signs = (np.take_along_axis(x, np.maximum(order, 0), axis=1) for x in (nodes, signs))
    return np.where(there, nodes, 0).astype(np.int32), np.where(there, signs, 0).astype(np.int8)
