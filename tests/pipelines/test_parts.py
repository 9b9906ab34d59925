"""The parts of a batch that workers read are, together, the batch."""

import numpy as np
import pytest

from mmssl.pipelines.parts import Parts
from tests.pipelines.audio.test_span_masked import windows
from tests.pipelines.elements import elements
from tests.pipelines.images.test_views import full
from tests.pipelines.test_pipeline import Numbers, numbers

PIPELINES = {
    "elements one by one": lambda: Numbers(numbers(22), 4),
    "views of whole batches": lambda: full(),
    "rows that look at each other": lambda: windows([8000] * 6, equal_rows=True),
}


def joined(shares, batches, of):
    """Puts the shares of workers, all with as many parts, together to whole batches."""
    parts = [np.split(share, batches) for share in shares]
    return np.concatenate([one for batch in zip(*parts, strict=True) for one in batch])


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize(("of", "local"), [(2, 1), (4, 2)])
def test_workers_read_together_what_one_reads(name, of, local):
    pipeline, batches = PIPELINES[name](), 7
    whole = elements(pipeline, batches, start_step=2, seed=3)
    taken = {"batches": batches * local, "start_step": 2, "seed": 3}
    shares = [
        elements(pipeline, parts=Parts(first, local, of), **taken) for first in range(0, of, local)
    ]
    for key, expected in whole.items():
        together = joined([share[key] for share in shares], batches, of)
        np.testing.assert_array_equal(together, expected)


def test_a_worker_reads_only_its_own_items():
    pipeline = Numbers(numbers(8), 8, cache=False)
    seen = [set(elements(pipeline, 1, parts=Parts(i, 1, 2))["item"].ravel()) for i in range(2)]
    assert seen[0] | seen[1] == set(range(8))
    assert not seen[0] & seen[1]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (Parts(0, 1, 3), "batch_size=4 cannot be divided into 3 equal parts"),
        (Parts(2, 1, 2), "must lie within the parts of a batch, 0 to 1"),
        (Parts(1, 2, 2), "must lie within the parts of a batch, 0 to 1"),
    ],
)
def test_parts_that_a_batch_does_not_have_are_refused(parts, words):
    with pytest.raises(ValueError, match=words):
        Numbers(numbers(8), 4).batches(parts=parts)
