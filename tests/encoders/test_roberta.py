import numpy as np
import pytest

from mmssl.encoders import cut, roberta_encoder
from mmssl.encoders.parts import stages
from tests.tolerances import NETWORK, SUM, assert_close, assert_within, deviation_margin, multiples

SIZES = {"width": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32, "dropout": 0.0}


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_roberta_has_the_stages_and_padding_changes_nothing(positions):
    encoder = roberta_encoder(50, 32, **SIZES, positions=positions)
    ids = np.random.default_rng(0).integers(5, 50, (2, 20)).astype("int32")
    batch = {"token_ids": ids, "padding_mask": np.ones((2, 20), "int32")}
    whole = encoder(batch)
    wider = {name: np.pad(x, ((0, 0), (0, 6)), constant_values=0) for name, x in batch.items()}
    assert_close(encoder(wider)["embedding"], whole["embedding"], SUM)
    local = stages.local(encoder)(batch)
    parts = stages.context(encoder)(stages.positions(encoder)(local))
    assert_close(parts["features"], whole["features"], SUM)
    swapped = {**batch, "token_ids": ids[:, ::-1]}
    assert multiples(encoder(swapped)["embedding"], whole["embedding"]) > NETWORK
    last = cut(encoder, "block_2")(batch)
    assert_close(last["embedding"], whole["embedding"], SUM)


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_how_large_the_tables_start_changes_no_feature(positions):
    ids = np.random.default_rng(0).integers(5, 50, (2, 20)).astype("int32")
    batch = {"token_ids": ids, "padding_mask": np.ones((2, 20), "int32")}
    small, large = (
        roberta_encoder(50, 32, **SIZES, positions=positions, table_stddev=stddev)
        for stddev in (0.02, 0.2)
    )
    for one, other in zip(small.layers, large.layers, strict=True):
        weights = one.get_weights()
        if one.name in ("tokens", "position_embedding"):
            ratio = np.std(other.get_weights()[0]) / np.std(weights[0])
            assert ratio == pytest.approx(10, rel=np.sqrt(2) * deviation_margin(weights[0].size))
            weights = [10 * x for x in weights]
        other.set_weights(weights)
    # The epsilon of the norm is 3 % of the variance of small tables.
    assert_within(large(batch)["features"], small(batch)["features"], 0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 100, "num_heads": 12}, "needs a width"),
        ({"width": 60, "num_heads": 12, "positions": "rotary"}, "needs a width"),
        ({"table_stddev": 0}, "must be above 0"),
    ],
)
def test_arguments_out_of_their_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        roberta_encoder(**arguments)
