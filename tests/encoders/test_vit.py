import keras
import numpy as np
import pytest

from mmssl.encoders import at_size, blocks, cut, vit_encoder
from mmssl.encoders.parts.stages import context, hidden_states, local, positions, top_layers
from mmssl.layers import RelativePositionBias
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples

SIZES = {"size": 16, "patch_size": 4, "width": 16, "depth": 3, "num_heads": 2, "mlp_dim": 32}


def pictures(rows=2, size=16):
    draw = np.random.default_rng(0)
    return {"images": draw.uniform(size=(rows, size, size, 3)).astype("float32")}


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize(("class_token", "kind"), [(True, "relative"), (False, "fixed")])
def test_the_parts_one_after_the_other_are_the_encoder(norm, class_token, kind):
    encoder = vit_encoder(
        **SIZES, norm=norm, class_token=class_token, positions=kind, layer_scale=0.5
    )
    names = top_layers(encoder, 2, "feed_forward")
    tokens = local(encoder)(pictures())
    assert tokens["tokens"].shape == (2, 16, 16)
    outputs = context(encoder, names)(positions(encoder)(tokens))
    whole = encoder(pictures())
    assert_close(outputs["features"], whole["features"], SUM)
    direct = hidden_states(encoder, names)(pictures())["hidden"]
    later = hidden_states(encoder, names, "tokens")(tokens)["hidden"]
    for got, want, third in zip(outputs["hidden"], direct, later, strict=True):
        assert_close(got, want, SUM)
        assert_close(third, want, SUM)


def test_the_context_takes_a_part_of_the_tokens():
    encoder = vit_encoder(**SIZES)
    tokens = positions(encoder)(local(encoder)(pictures()))["positioned"]
    assert context(encoder)({"positioned": tokens[:, :6]})["features"].shape == (2, 6, 16)


def test_a_block_adds_what_its_feed_forward_part_computes():
    encoder = vit_encoder(**SIZES, layer_scale=0.25)
    add = encoder.get_layer("block_3")
    both = keras.Model(
        encoder.input,
        [add.input[0], encoder.get_layer("block_3_feed_forward").output, add.output],
    )
    stream, part, out = both(pictures())
    assert_close(out, stream + 0.25 * part, SUM)


def test_the_weights_take_pictures_of_another_size():
    for kind in ("fixed", "learned"):
        encoder = vit_encoder(**SIZES, positions=kind)
        smaller = at_size(encoder, 8)
        assert smaller(pictures(size=8))["features"].shape == (2, 5, 16)
        assert {id(v) for v in smaller.weights} == {id(v) for v in encoder.weights}
        same = at_size(encoder, 16)(pictures())["embedding"]
        assert_close(same, encoder(pictures())["embedding"], SUM)


def test_fixed_positions_are_those_of_the_places_that_a_coarser_patch_covers():
    encoder = vit_encoder(**SIZES)
    layer = encoder.get_layer("positions")
    fine, coarse = layer(np.zeros((1, 16, 16))), layer(np.zeros((1, 4, 16)))
    # The first of 2 x 2 patches has its middle half a patch right and below the first of 4 x 4.
    angles = 0.5 * 10000.0 ** (-np.arange(4) / 4)
    assert_close(coarse[0, 0, :4], np.sin(angles), ROUNDING)
    assert_close(fine[0, 1, 12:], np.cos(2 * angles), ROUNDING)


def test_relative_positions_hang_on_the_offset_alone():
    layer = RelativePositionBias(3, num_heads=2)
    bias = layer(np.arange(10, dtype="int32")[None])[0, 0].numpy()
    assert bias.shape == (10, 10)
    patches = bias[1:, 1:]
    assert patches[0, 4] == patches[4, 8]  # one down and one right
    assert patches[1, 3] != patches[2, 3]  # down and left; and its neighbor
    assert len(np.unique(patches)) == 25
    assert len(np.unique(bias)) == 28
    some = np.array([[0, 3, 7], [2, 5, 9]], "int32")
    for row, position_ids in zip(layer(some)[:, 0].numpy(), some, strict=True):
        np.testing.assert_array_equal(row, bias[np.ix_(position_ids, position_ids)])


def test_relative_positions_do_not_go_to_other_sizes():
    with pytest.raises(ValueError, match="exactly 17 tokens; got 5"):
        at_size(vit_encoder(**SIZES, positions="relative"), 8)


def test_with_relative_positions_patches_are_told_apart_by_their_neighbors_alone():
    encoder = vit_encoder(**SIZES, positions="relative", class_token=False)
    images = np.zeros((1, 16, 16, 3), "float32")
    features = encoder({"images": images})["features"][0].numpy()
    assert_close(features, features[:1] * np.ones((16, 1)), SUM)
    images[0, :4, :4] = 1
    features = encoder({"images": images})["features"][0].numpy()
    assert multiples(features[1], features[15]) > SUM


def test_a_block_can_be_deployed_and_the_whole_comes_back_from_a_file(tmp_path):
    encoder = vit_encoder(**SIZES)
    assert blocks(encoder) == ["block_1", "block_2", "block_3"]
    part = cut(encoder, "block_2")(pictures())
    assert_close(part["embedding"], np.mean(part["features"][:, 1:], axis=1), SUM)
    hidden_states(encoder, ["block_1"], "tokens"), at_size(encoder, 8)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    want = encoder(pictures())["embedding"]
    assert_close(loaded(pictures())["embedding"], want, SUM)


def test_dropped_paths_leave_whole_parts_out():
    encoder = vit_encoder(**SIZES, drop_path=0.9)
    first, second = (encoder(pictures(), training=True)["embedding"] for _ in "ab")
    assert multiples(first, second) > NETWORK
    np.testing.assert_array_equal(*(encoder(pictures())["embedding"] for _ in "ab"))


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="multiple of patch"):
        vit_encoder(**{**SIZES, "size": 18})
    with pytest.raises(ValueError, match="num_heads"):
        vit_encoder(**{**SIZES, "num_heads": 3})
    with pytest.raises(ValueError, match="class_token"):
        vit_encoder(**SIZES, class_token=False, pool="token")
    with pytest.raises(ValueError, match="3 blocks"):
        top_layers(vit_encoder(**SIZES), 4)
