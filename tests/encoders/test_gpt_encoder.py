"""GPT's decoder: what a token sees, what padding does, and the same token by token."""

import keras
import numpy as np
import pytest

from mmssl.encoders import cut, gpt_encoder
from mmssl.encoders.gpt import context_length, decode
from mmssl.encoders.parts.cache import empty_cache
from tests.tolerances import NETWORK, SUM, assert_close, deviation_margin, rounding

POSITIONS = ("learned", "rotary")
VOCABULARY, LENGTH, END = 20, 24, 1


def small(positions="rotary", **kwargs):
    encoder = gpt_encoder(VOCABULARY, LENGTH, 16, 2, 2, 32, positions=positions, **kwargs)
    # Larger weights, so that every path matters.
    encoder.set_weights([10 * w if w.ndim > 1 else w for w in encoder.get_weights()])
    return encoder


def tokens(rows=2, length=LENGTH, seed=0):
    return np.random.default_rng(seed).integers(2, VOCABULARY, (rows, length)).astype("int32")


def features(encoder, ids, mask=None):
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids) if mask is None else mask}
    return np.asarray(encoder(inputs)["features"])


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("place", [0, 7, LENGTH - 1])
def test_a_token_changes_itself_and_what_follows_not_what_is_before(positions, place):
    encoder, ids = small(positions), tokens()
    changed = ids.copy()
    changed[:, place] = (changed[:, place] - 1) % (VOCABULARY - 2) + 2
    before, after = features(encoder, ids), features(encoder, changed)
    np.testing.assert_array_equal(before[:, :place], after[:, :place])
    moved = np.abs(before - after)[:, place:].max(axis=-1)
    assert moved.min() > NETWORK * rounding(np.abs(before).max())


@pytest.mark.parametrize("positions", POSITIONS)
def test_padding_on_the_right_changes_nothing(positions):
    encoder, ids = small(positions), tokens(length=15)
    mask = np.ones_like(ids)
    padded = {
        "token_ids": np.pad(ids, ((0, 0), (0, 6)), constant_values=3),
        "padding_mask": np.pad(mask, ((0, 0), (0, 6))),
    }
    alone, wider = encoder({"token_ids": ids, "padding_mask": mask}), encoder(padded)
    assert_close(wider["features"][:, :15], alone["features"], SUM)
    assert_close(wider["embedding"], alone["embedding"], SUM)
    other = {**padded, "token_ids": np.pad(ids, ((0, 0), (0, 6)), constant_values=9)}
    np.testing.assert_array_equal(encoder(other)["embedding"], wider["embedding"])


def test_padding_in_front_is_not_seen():
    encoder, ids = small(), tokens()
    mask = (np.arange(LENGTH) >= 5).astype("int32") * np.ones_like(ids)
    other = ids.copy()
    other[:, :5] = tokens(seed=1)[:, :5]
    one, two = (features(encoder, x, mask)[:, 5:] for x in (ids, other))
    np.testing.assert_array_equal(one, two)
    assert np.isfinite(features(encoder, ids, 0 * mask)).all()


@pytest.mark.parametrize("separator", [END, None])
def test_documents_are_seen_across_only_where_they_are_not_parted(separator):
    encoder, ids = small(separator=separator), tokens()
    ids[:, 9] = END
    other = ids.copy()
    other[:, 4] = (other[:, 4] - 1) % (VOCABULARY - 2) + 2
    before, after = features(encoder, ids), features(encoder, other)
    moved = np.abs(before - after).max(axis=(0, 2))
    assert moved[4:9].min() > NETWORK * rounding(np.abs(before).max())
    assert (moved[9:] == 0).all() == (separator == END)


def test_rotary_features_depend_on_distances_alone():
    encoder, ids = small(), tokens(length=12)
    mask = np.ones_like(ids)
    later = features(encoder, np.pad(ids, ((0, 0), (8, 0))), np.pad(mask, ((0, 0), (8, 0))))
    assert_close(later[:, 8:], features(encoder, ids), NETWORK)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("first", [1, 10])
def test_token_by_token_with_a_cache_gives_the_same_features(positions, first):
    encoder, ids = small(positions), tokens()
    cache = empty_cache(encoder, 2, LENGTH)
    found, cache = decode(encoder, ids[:, :first], cache, 0)
    parts = [found]
    for place in range(first, LENGTH):
        found, cache = decode(encoder, ids[:, place : place + 1], cache, place)
        parts.append(found)
    assert_close(np.concatenate(parts, axis=1), features(encoder, ids), SUM)


def test_an_encoder_comes_back_from_its_file(tmp_path):
    encoder, ids = small(separator=END), tokens()
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(features(loaded, ids), features(encoder, ids))
    assert context_length(loaded) == LENGTH


def test_a_block_can_be_cut_out():
    encoder, ids = small(), tokens()
    first = cut(encoder, "block_1")({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    assert first["features"].shape == (2, LENGTH, 16)
    assert_close(first["embedding"], first["features"].numpy().mean(1), SUM)


def test_kernels_start_as_gpt_2s_do():
    encoder = gpt_encoder(500, 16, 64, 8, 4, 256)
    block = encoder.get_layer("block_3")
    spread = {
        name: float(np.std(layer.kernel))
        for name, layer in {
            "project": block.attention.project,
            "join": block.attention.join,
            "expand": block.expand,
            "contract": block.contract,
        }.items()
    }
    expected = {"project": 0.02, "join": 0.005, "expand": 0.02, "contract": 0.005}
    assert spread == pytest.approx(expected, rel=deviation_margin(64 * 64))
    table = np.asarray(encoder.get_layer("token_embedding").embeddings)
    assert table.std() == pytest.approx(0.02, rel=deviation_margin(table.size))


def test_more_tokens_than_the_model_is_made_for_are_refused():
    with pytest.raises(ValueError, match="takes up to 24 tokens; got 25"):
        features(small(), tokens(length=25))


@pytest.mark.parametrize(
    "sizes", [{"num_heads": 3}, {"num_heads": 4, "width": 12, "positions": "rotary"}]
)
def test_arguments_that_do_not_belong_together_are_refused(sizes):
    with pytest.raises(ValueError, match="gpt_encoder needs"):
        gpt_encoder(**{"width": 16, **sizes})
