import numpy as np
import pytest

from mmssl.decoders import masked_decoder
from tests.tolerances import SUM, rounding


def tokens(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_a_map_is_decoded_by_its_neighborhoods():
    decoder = masked_decoder(16, (4, 4), 16, depth=1, kernel_size=3, groups=4)
    decoder.get_layer("predict").kernel.assign(tokens(16, 16))
    x = tokens(1, 16, 16)
    changed = x.copy()
    changed[0, 0] += 1.0  # the corner
    before, after = np.asarray(decoder(x)), np.asarray(decoder(changed))
    moved = np.abs(after - before).max(axis=-1)[0]
    assert set(np.flatnonzero(moved > SUM * rounding(np.abs(before).max()))) == {0, 1, 4, 5}


def test_predictions_start_at_zero():
    decoder = masked_decoder(16, (4, 4), 16, depth=1, kernel_size=3, groups=4)
    np.testing.assert_array_equal(decoder(tokens(2, 16, 16)), np.zeros((2, 16, 16)))


def test_blocks_add_what_came_in_where_widths_agree():
    decoder = masked_decoder(8, (4, 4), 16, depth=3, kernel_size=3, groups=4)
    assert sum("add" in layer.name for layer in decoder.layers) == 2
    plain = masked_decoder(8, (4, 4), 16, depth=3, kernel_size=3, groups=4, residual=False)
    assert not any("add" in layer.name for layer in plain.layers)


def test_a_sequence_may_have_any_length():
    decoder = masked_decoder(8, (None,), 16, depth=2, kernel_size=7, groups=4, projection_layers=2)
    assert decoder(tokens(2, 11, 8)).shape == (2, 11, 8)
    assert decoder(tokens(2, 5, 8)).shape == (2, 5, 8)
    # Two convolutions, then 16 -> 32 -> 8.
    sizes = [7 * 8 // 4 * 16 + 16, 7 * 16 // 4 * 16 + 16, 16 * 32 + 32, 32 * 8 + 8]
    assert decoder.count_params() == sum(sizes)


def test_a_width_that_the_groups_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="groups"):
        masked_decoder(10, (4, 4), 16, groups=4)
    with pytest.raises(ValueError, match="depth"):
        masked_decoder(8, (4, 4), 16, depth=0, groups=4)
