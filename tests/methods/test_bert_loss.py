"""What BERT's two losses are taken of."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from mmssl.encoders import bert_encoder
from mmssl.methods.bert import BERT
from tests.tolerances import NETWORK, SUM, assert_close

PLACES = np.array([[1, 4, 7], [2, 9, 0], [5, 0, 0]], "int32")
WEIGHTS = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], "float32")


@pytest.fixture(scope="module")
def method():
    keras.utils.set_random_seed(0)
    return BERT(bert_encoder(30, 12, width=8, depth=1, num_heads=2, mlp_dim=16, dropout=0.0))


@pytest.fixture(scope="module")
def batch():
    draw = np.random.default_rng(0)
    return {
        "token_ids": draw.integers(5, 30, (3, 12), "int32"),
        "padding_mask": np.ones((3, 12), "int32"),
        "masked_positions": PLACES,
        "masked_ids": draw.integers(5, 30, (3, 3), "int32"),
        "masked_weights": WEIGHTS,
        "next_is_random": np.array([0, 1, 1], "int32"),
    }


def test_the_masked_loss_is_the_mean_over_all_masked_tokens_of_the_batch(method, batch):
    features = method.encode(batch)["features"]
    everywhere = np.tile(np.arange(12, dtype="int32"), (3, 1))
    logits = np.asarray(method.masked_language_model(features, everywhere), "float64")
    costs = [
        -log_softmax(logits[row, PLACES[row, slot]])[batch["masked_ids"][row, slot]]
        for row, slot in np.argwhere(WEIGHTS)
    ]
    terms = method.loss_terms(batch, method(batch), training=False)
    assert_close(terms["mlm"], np.mean(costs), NETWORK)


def test_the_first_token_tells_whether_the_second_segment_follows(method, batch):
    first = method.encode(batch)["features"][:, 0]
    logits = np.asarray(method.next_head(method.pooler(first)), "float64")
    outputs = method(batch)
    assert_close(outputs["next_logits"], logits, SUM)
    costs = -log_softmax(logits, axis=1)[np.arange(3), batch["next_is_random"]]
    assert_close(method.loss_terms(batch, outputs, False)["nsp"], np.mean(costs), SUM)
