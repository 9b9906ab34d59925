import numpy as np
import pytest

from mmssl.losses.sample_intervals import interval_nats
from tests.tolerances import SUM, assert_close

EVEN = np.zeros(256, "float32")


def nats(first, last, coarse=EVEN, low=EVEN, high=EVEN):
    return float(interval_nats(coarse, low, high, np.array(first), np.array(last)))


@pytest.mark.parametrize(
    ("first", "last"), [(0, 65535), (0, 0), (65535, 65535), (10, 20), (250, 260), (100, 5000)]
)
def test_where_all_samples_are_alike_it_is_the_share_of_the_interval(first, last):
    assert_close(nats(first, last), np.log(65536 / (last - first + 1)), SUM, scale=1)


def test_each_end_takes_the_fine_bytes_of_its_own_coarse_one():
    low, high = np.full(256, -50.0, "float32"), np.full(256, -50.0, "float32")
    low[200], high[3] = 50, 50
    # Both bytes are sure: the first coarse byte has only 200, the last one only 3.
    assert_close(nats(256 + 190, 512 + 5, low=low, high=high), np.log(256 / 2), SUM)
    assert_close(nats(256 + 201, 512 + 5, low=low, high=high), np.log(256), SUM)
    assert_close(nats(256 + 190, 512 + 2, low=low, high=high), np.log(256), SUM)
    assert_close(nats(256 + 190, 768 + 5, low=low, high=high), np.log(256 / 3), SUM)
