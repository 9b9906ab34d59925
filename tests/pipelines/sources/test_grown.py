"""Arrays that grow at their end."""

import numpy as np

from mmssl.pipelines.sources import grown
from mmssl.pipelines.sources.arrays import held, viewed
from mmssl.pipelines.sources.grown import Grown


def test_an_array_is_what_was_appended_in_memory_or_mapped_from_a_file(monkeypatch):
    for room in (grown._IN_MEMORY, 100):
        monkeypatch.setattr(grown, "_IN_MEMORY", room)
        found = Grown(np.int64)
        for first in range(0, 1000, 7):
            found.append(range(first, min(first + 7, 1000)))
        assert isinstance(found.array(), np.memmap) == (room == 100)
        np.testing.assert_array_equal(found.array(), np.arange(1000))
        kept = held(found.array())
        np.testing.assert_array_equal(viewed(kept), np.arange(1000))
        assert np.shares_memory(viewed(kept), viewed(kept))


def test_an_array_of_nothing_is_empty():
    assert Grown(np.int32).array().dtype == np.int32
    assert Grown(np.int32).array().shape == (0,)
