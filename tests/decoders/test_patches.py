import numpy as np
import pytest

from mmssl.decoders import patch_decoder
from tests.tolerances import NETWORK, SUM, assert_close, multiples

SIZES = {"width": 16, "depth": 1, "num_heads": 2, "mlp_dim": 32}


def inputs(visible, class_tokens=1):
    draw = np.random.default_rng(0)
    order = draw.permuted(np.tile(np.arange(9), (2, 1)), axis=1).astype("int32")
    features = draw.normal(size=(2, class_tokens + visible, 8)).astype("float32")
    return {"features": features, "visible": order[:, :visible], "masked": order[:, visible:]}


@pytest.mark.parametrize("class_tokens", [0, 1])
def test_any_number_of_visible_patches_is_decoded_to_the_values_of_all(class_tokens):
    decoder = patch_decoder(8, 3, 12, class_tokens, **SIZES)
    for visible in (2, 5):
        assert decoder(inputs(visible, class_tokens)).shape == (2, 9, 12)


def test_pictures_of_any_number_of_rows_are_decoded():
    decoder, given = patch_decoder(8, 3, 12, **SIZES), inputs(4)
    longer = np.tile(np.arange(9, 15, dtype="int32"), (2, 1))
    masked = np.concatenate([given["masked"], longer], axis=1)
    assert decoder({**given, "masked": masked}).shape == (2, 15, 12)


def test_the_order_in_which_patches_come_does_not_matter():
    decoder, given = patch_decoder(8, 3, 12, **SIZES), inputs(4)
    order = [2, 0, 3, 1]
    shuffled = {
        "features": given["features"][:, [0, *(1 + place for place in order)]],
        "visible": given["visible"][:, order],
        "masked": given["masked"][:, ::-1],
    }
    assert_close(decoder(shuffled), decoder(given), SUM)


def test_patches_at_other_positions_are_decoded_to_something_else():
    decoder, given = patch_decoder(8, 3, 12, **SIZES), inputs(4)
    moved = {**given, "visible": given["visible"][:, ::-1]}
    assert multiples(decoder(moved), decoder(given)) > NETWORK


def test_the_values_of_a_patch_are_read_off_its_own_token():
    # Without blocks that mix, what a masked patch gets is its position alone.
    decoder, given = patch_decoder(8, 3, 12, **SIZES), inputs(4)
    for name in ("block_1_attention", "block_1_feed_forward"):
        layer = decoder.get_layer(name)
        layer.set_weights([0 * w for w in layer.get_weights()])
    before = np.asarray(decoder(given))
    other = {**given, "features": given["features"] + np.float32([0, 0, 1, 0, 0])[:, None]}
    moved = np.abs(np.asarray(decoder(other)) - before).max(axis=-1) > 0
    for row, positions in zip(moved, given["visible"], strict=True):
        assert list(np.flatnonzero(row)) == [positions[1]]


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="width=18"):
        patch_decoder(8, 3, 12, width=18, num_heads=3)
    with pytest.raises(ValueError, match="depth=0"):
        patch_decoder(8, 3, 12, width=16, num_heads=2, depth=0)
