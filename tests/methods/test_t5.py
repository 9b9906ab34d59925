"""T5's loss against the formula, its causality, and what it learns of a few texts by heart."""

import keras
import numpy as np
import pytest

from mmssl.encoders import bert_encoder, t5_encoder
from mmssl.methods.t5 import T5
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.contract.sizes import TINY_TEXT
from tests.tolerances import SUM, assert_close

CASE = Case(
    "text/t5",
    (
        *TINY_TEXT,
        "--method.depth=1",
        "--method.num_heads=2",
        "--method.mlp_dim=64",
        "--method.dropout=0.1",
        "--method.encoder.dropout=0.1",
    ),
    still=("--method.encoder.dropout=0", "--method.dropout=0"),
    # Logits of unit variance add half of it to the logarithm of pieces and sentinels.
    initial_loss=(np.log(500) + 0.5, 0.4),
    **ON_NOVELS,
)

VOCABULARY = 40


def small():
    return T5(t5_encoder(VOCABULARY, 16, 2, 2, 32, dropout=0.0), 2, 2, 32, dropout=0.0)


def batch_of(rows=3, padding=2, seed=0):
    rng = np.random.default_rng(seed)
    batch = {}
    for ids, mask, length in (("token_ids", "padding_mask", 9), ("target_ids", "target_mask", 6)):
        batch[ids] = rng.integers(1, VOCABULARY, (rows, length)).astype("int32")
        batch[mask] = np.ones((rows, length), "int32")
        batch[ids][1:, -padding:] = batch[mask][1:, -padding:] = 0
    return batch


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


def test_the_loss_is_the_mean_over_targets_of_a_decoder_that_is_given_those_before():
    method, batch = small(), batch_of()
    total = count = 0.0
    for row in range(3):
        texts = {name: x[row : row + 1] for name, x in batch.items()}
        target = texts["target_ids"][0][texts["target_mask"][0] > 0]
        for t in range(len(target)):
            # Of the target only what comes before is given, so nothing later can be read.
            before = {"target_ids": target[None, : t + 1], "target_mask": np.ones((1, t + 1))}
            before["target_ids"] = np.where(np.arange(t + 1) < t, before["target_ids"], 7)
            scores = np.asarray(method({**texts, **before}), "float64")[0, t]
            total -= scores[target[t]] - np.log(np.exp(scores).sum())
            count += 1
    assert_close(loss_of(method, batch), total / count, SUM)


def test_what_stands_in_the_padding_of_text_or_target_changes_no_loss():
    method, batch = small(), batch_of()
    other = dict(batch)
    for ids, mask in (("token_ids", "padding_mask"), ("target_ids", "target_mask")):
        other[ids] = np.where(batch[mask] > 0, batch[ids], 5)
    assert_close(loss_of(method, other), loss_of(method, batch), SUM)


def test_a_target_depends_on_all_tokens_of_the_text_and_on_those_targets_before_it():
    method, batch = small(), batch_of(padding=1)
    base = np.asarray(method(batch))
    for position in range(8):
        changed = batch["token_ids"].copy()
        changed[0, position] = changed[0, position] % (VOCABULARY - 1) + 1
        moved = np.abs(np.asarray(method({**batch, "token_ids": changed})) - base)[0]
        assert moved.max(axis=-1).min() > 0
    changed = batch["target_ids"].copy()
    changed[0, 2] = changed[0, 2] % (VOCABULARY - 1) + 1
    moved = np.abs(np.asarray(method({**batch, "target_ids": changed})) - base)[0].max(axis=-1)
    assert (moved[:3] == 0).all()
    assert (moved[3:] > 0).all()


def test_the_decoder_begins_with_the_padding():
    method, batch = small(), batch_of()
    memory = method.encode(batch)["features"]
    alone = method.decoder(np.zeros((3, 1), "int32"), memory, batch["padding_mask"])
    assert_close(method(batch)[:, :1], method.decoder.logits(alone), SUM)


def test_features_are_divided_by_the_root_of_the_width_before_the_table():
    method = small()
    table = np.asarray(method.decoder.token_embedding.embeddings, "float64")
    features = np.random.default_rng(0).normal(size=(4, 16)).astype("float32")
    assert_close(method.decoder.logits(features), features @ table.T / 4, SUM)


def test_nothing_but_scales_tables_and_kernels_is_learned():
    names = {weight.path.split("/")[-1] for weight in small().trainable_variables}
    assert names == {"embeddings", "kernel", "scale", "table"}


def test_a_few_texts_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    method, batch = small(), batch_of(rows=8)
    method.compile(keras.optimizers.Adam(1e-2))
    for _ in range(150):
        method.train_on_batch(batch)
    hits = np.argmax(method(batch), axis=-1) == batch["target_ids"]
    assert hits[batch["target_mask"] > 0].mean() > 0.95


def test_an_encoder_without_a_token_table_is_refused():
    x = keras.Input((4,), name="token_ids")
    encoder = keras.Model({"token_ids": x}, {"features": x, "embedding": x})
    with pytest.raises(ValueError, match="token_embedding"):
        T5(encoder)


def test_any_encoder_with_a_token_table_can_be_read_by_the_decoder():
    method = T5(bert_encoder(VOCABULARY, 12, 16, 1, 2, 32), 1, 2, 32)
    assert method(batch_of()).shape == (3, 6, VOCABULARY)
