"""BART's loss against the formula, and the copy task."""

import keras
import numpy as np

from mmssl.encoders import bart_encoder
from mmssl.methods.bart import BART
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.contract.sizes import TINY_TEXT
from tests.tolerances import SUM, assert_close

CASE = Case(
    "text/bart",
    (
        *TINY_TEXT,
        "--method.depth=1",
        "--method.num_heads=2",
        "--method.mlp_dim=64",
        "--method.dropout=0.1",
        "--method.encoder.dropout=0.1",
    ),
    still=("--method.encoder.dropout=0", "--method.dropout=0"),
    # What an untrained decoder compares best with are the tokens that it has just been given.
    initial_loss=(np.log(400) + 0.02**2 * 32 / 2, 0.15),
    **ON_NOVELS,
)

VOCABULARY, END = 30, 3


def small():
    encoder = bart_encoder(VOCABULARY, 12, 16, 1, 2, 32, dropout=0.0)
    return BART(encoder, 12, 1, 2, 32, dropout=0.0)


def batch_of(rows=4, length=8, seed=0):
    """Texts as they are, after which the decoder has to write the same."""
    ids = np.random.default_rng(seed).integers(5, VOCABULARY, (rows, length)).astype("int32")
    ids[:, -1] = END
    mask = np.ones_like(ids)
    return {"token_ids": ids, "padding_mask": mask, "target_ids": ids, "target_mask": mask}


def loss_of(method, batch):
    return float(method.compute_loss(x=batch, y_pred=method(batch), training=False))


def test_the_loss_counts_every_token_of_the_original():
    method, batch = small(), batch_of()
    scores = np.asarray(method(batch), "float64")
    scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    true = np.take_along_axis(scores, batch["target_ids"][..., None], axis=-1)
    assert_close(loss_of(method, batch), -true.mean(), SUM)


def test_the_decoder_begins_with_the_end_of_a_text():
    method, batch = small(), batch_of()
    memory = method.encode(batch)["features"]
    alone = method.decoder(np.full((4, 1), END), memory, batch["padding_mask"])
    assert_close(method(batch)[:, :1], method.decoder.logits(alone), SUM)


def test_a_text_that_is_not_corrupted_is_copied():
    keras.utils.set_random_seed(0)
    method = small()
    method.compile(keras.optimizers.Adam(1e-2))
    for seed in range(600):
        method.train_on_batch(batch_of(32, 6, seed))
    assert loss_of(method, batch_of(32, 6, 1000)) < 0.1
