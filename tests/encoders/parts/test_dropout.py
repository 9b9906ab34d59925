import numpy as np
import pytest

from mmssl.encoders import bert_encoder, vit_encoder
from mmssl.encoders.parts.dropout import with_dropout
from tests.tolerances import SUM, assert_close


def test_a_copy_without_dropout_trains_as_the_encoder_infers():
    encoder = vit_encoder(8, 4, 8, 2, 2, 16, dropout=0.3, drop_path=0.3)
    images = {"images": np.random.default_rng(0).uniform(size=(3, 8, 8, 3)).astype("float32")}
    copied = with_dropout(encoder, 0.0)
    expected = encoder(images)["embedding"]
    assert_close(copied(images, training=True)["embedding"], expected, SUM)
    assert not {id(v) for v in copied.weights} & {id(v) for v in encoder.weights}


def test_an_encoder_gets_the_dropout_that_it_was_built_without():
    encoder = bert_encoder(20, 8, width=8, depth=1, num_heads=2, mlp_dim=16, dropout=0.0)
    tokens = {"token_ids": np.array([[2, 7, 3]]), "padding_mask": np.ones((1, 3), "int32")}
    copied = with_dropout(encoder, 0.5)
    expected = encoder(tokens, training=True)["embedding"]
    assert_close(copied(tokens)["embedding"], expected, SUM)
    assert np.abs(copied(tokens, training=True)["embedding"] - expected).max() > 0.01


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\); got 1"):
        with_dropout(vit_encoder(8, 4, 8, 1, 2, 16), 1)
