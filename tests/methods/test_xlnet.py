"""XLNet's streams: what each token sees, against a loop that recomputes them, and their loss."""

import numpy as np
import pytest

from mmssl.encoders import bert_encoder, xlnet_encoder
from mmssl.methods.xlnet import XLNet
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.contract.sizes import TINY_TEXT
from tests.tolerances import SUM, assert_close

CASE = Case(
    "text/xlnet",
    (*TINY_TEXT, "--method.encoder.dropout=0.1"),
    still=("--method.encoder.dropout=0",),
    initial_loss=(np.log(400) + 0.02**2 * 32 / 2, 0.05),
    **ON_NOVELS,
)

VOCABULARY, LENGTH = 30, 8


def small(scale=4):
    method = XLNet(xlnet_encoder(VOCABULARY, 16, 2, 2, 32, dropout=0.0))
    method.set_weights([scale * w if w.ndim > 1 else w for w in method.get_weights()])
    return method


def batch_of(orders, padding=0, seed=0):
    """Orders are lists of L places; -1 is no target."""
    order = np.array(orders, "int32")
    rng = np.random.default_rng(seed)
    ids = rng.integers(5, VOCABULARY, order.shape).astype("int32")
    mask = np.ones_like(ids)
    if padding:
        ids[:, -padding:] = mask[:, -padding:] = 0
    positions = np.array([np.flatnonzero(row >= 0) for row in order], "int32")
    return {
        "token_ids": ids,
        "padding_mask": mask,
        "order": order,
        "target_positions": positions,
        "target_ids": np.take_along_axis(ids, positions, axis=1),
        "target_weights": np.ones(positions.shape, "float32"),
    }


ORDERS = [[-1, 2, -1, 0, -1, 1, -1, -1], [-1, -1, 0, 1, 2, -1, -1, -1]]


def test_a_target_depends_on_what_is_no_target_and_on_targets_before_it_alone():
    method, batch = small(), batch_of(ORDERS)
    base = np.asarray(method(batch))
    for row, position in np.ndindex(2, LENGTH):
        ids = batch["token_ids"].copy()
        ids[row, position] = 5 + (ids[row, position] - 4) % (VOCABULARY - 5)
        moved = np.abs(np.asarray(method({**batch, "token_ids": ids})) - base).max(axis=-1)[row]
        own = batch["order"][row, batch["target_positions"][row]]
        sees = own > batch["order"][row, position]
        assert (moved[sees] > 0).all(), (row, position)
        assert (moved[~sees] == 0).all(), (row, position)


def test_in_natural_order_it_is_a_loop_over_prefixes():
    method, batch = small(), batch_of([list(range(LENGTH))])
    found = np.asarray(method(batch))[0]
    for t in range(LENGTH):
        # The text up to t, whose last token could be any, as its content is not seen.
        prefix = batch_of([list(range(t + 1))])
        prefix["token_ids"] = np.append(batch["token_ids"][0, :t], 5)[None].astype("int32")
        assert_close(np.asarray(method(prefix))[0, t], found[t], SUM)


def test_what_stands_in_the_padding_changes_no_loss():
    method, batch = small(), batch_of(ORDERS, padding=2)
    other = {**batch, "token_ids": np.where(batch["padding_mask"] > 0, batch["token_ids"], 9)}
    losses = [method.compute_loss(x=x, y_pred=method(x), training=False) for x in (batch, other)]
    assert_close(losses[0], losses[1], SUM)


def test_the_loss_is_the_mean_over_targets():
    method, batch = small(), batch_of(ORDERS)
    batch["target_weights"][1, 2] = 0
    scores = np.asarray(method(batch), "float64")
    scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    true = np.take_along_axis(scores, batch["target_ids"][..., None], axis=-1)[..., 0]
    expected = -(true * batch["target_weights"]).sum() / 5
    assert_close(method.compute_loss(x=batch, y_pred=method(batch), training=False), expected, SUM)


def with_memory(batch, memory, mask):
    rows = np.tile(memory, (len(batch["token_ids"]), 1)).astype("int32")
    return {**batch, "memory_ids": rows, "memory_mask": np.tile(mask, (len(rows), 1))}


def test_a_memory_is_read_without_a_gradient():
    import tensorflow as tf

    method, batch = small(), with_memory(batch_of(ORDERS), [6, 7, 8], [1, 1, 1])
    other = with_memory(batch, [6, 7, 9], [1, 1, 1])
    assert np.abs(np.asarray(method(batch)) - np.asarray(method(other))).max() > 0
    table = method.token_embedding.embeddings
    batch["token_ids"] = np.full_like(batch["token_ids"], 10)
    batch["target_ids"] = np.full_like(batch["target_ids"], 10)
    with tf.GradientTape() as tape:
        # Token 7 is in the memory alone, and logits are left out.
        loss = tf.reduce_sum(method(batch)[..., 10])
    gradient = tf.convert_to_tensor(tape.gradient(loss, table.value)).numpy()
    assert (gradient[7] == 0).all()
    assert (gradient[10] != 0).any()


def test_an_empty_memory_changes_nothing():
    method, batch = small(), batch_of(ORDERS)
    assert_close(method(with_memory(batch, [0, 0], [0, 0])), method(batch), SUM)


def test_the_deployed_encoder_is_the_content_stream_with_everything_visible():
    method = small()
    ids = np.random.default_rng(1).integers(5, VOCABULARY, (1, LENGTH)).astype("int32")
    base = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    changed = ids.copy()
    changed[0, -1] = 5 + (ids[0, -1] - 4) % (VOCABULARY - 5)
    first, second = (
        np.asarray(method.encoder(x)["features"]) for x in (base, {**base, "token_ids": changed})
    )
    assert np.abs(first - second).max(axis=-1).min() > 0


def test_another_encoder_is_refused():
    with pytest.raises(ValueError, match="xlnet_encoder"):
        XLNet(bert_encoder(VOCABULARY, 12, 16, 1, 2, 32))
