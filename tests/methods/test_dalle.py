"""DALL-E: the two losses and their weights, what each token is predicted from, and captions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import cut, dalle_encoder, gpt_encoder
from mmssl.methods.dalle import DALLE, other_captions
from tests.contract.building import loss_of
from tests.contract.coded import ENTRIES as CODED
from tests.contract.coded import CodedCase
from tests.contract.sizes import tiny_transformer
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

TINY = (
    *("--data.batch_size=4", "--data.length=8", "--data.vocabulary_size=200"),
    *tiny_transformer(16),
)
CASE = CodedCase(
    "pairs/dalle",
    TINY,
    still=("--method.encoder.dropout=0",),
    initial_loss=((np.log(200 + 8) + 7 * np.log(CODED)) / 8, 1e-4),
)
VOCABULARY, LENGTH, ENTRIES, SHAPE = 11, 4, 7, (2, 3)
CELLS = SHAPE[0] * SHAPE[1]
PATTERNS = ("dense", "row", "column", "convolution")


def method_of(zero_heads=False, depth=2, **options):
    keras.utils.set_random_seed(0)
    sizes = {"width": 8, "depth": depth, "num_heads": 2, "mlp_dim": 16}
    encoder = dalle_encoder(VOCABULARY, LENGTH, ENTRIES, SHAPE, **{**sizes, **options})
    method, draw = DALLE(encoder), np.random.default_rng(0)
    if not zero_heads:
        for head in method.heads.values():
            head.kernel.assign(draw.normal(size=head.kernel.shape))
            head.bias.assign(draw.normal(size=head.bias.shape))
    return method


@pytest.fixture
def batch():
    draw = np.random.default_rng(1)
    mask = (np.arange(LENGTH) < [[4], [2], [3]]).astype("int32")
    return {
        "token_ids": draw.integers(1, VOCABULARY, (3, LENGTH)).astype("int32") * mask,
        "padding_mask": mask,
        "codes": draw.integers(0, ENTRIES, (3, *SHAPE)).astype("int32"),
    }


def masked_softmax(method, batch):
    """-log p of all tokens by one softmax over texts, paddings and codes, the others masked."""
    features = np.asarray(method.encoder(batch)["features"], "float64")[:, :-1]
    kernel, bias = (
        np.concatenate(
            [np.asarray(getattr(head, name), "float64") for head in method.heads.values()], axis=-1
        )
        for name in ("kernel", "bias")
    )
    texts = VOCABULARY + LENGTH
    places, ids = np.arange(LENGTH + CELLS)[:, None], np.arange(texts + ENTRIES)
    legal = (places < LENGTH) == (ids < texts)
    logits = np.where(legal, features @ kernel + bias, -np.inf)
    padded = np.where(batch["padding_mask"] > 0, batch["token_ids"], VOCABULARY + np.arange(LENGTH))
    targets = np.concatenate([padded, texts + batch["codes"].reshape(3, -1)], axis=1)
    norm = np.log(np.exp(logits).sum(axis=-1))
    return norm - np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]


def test_the_loss_is_an_eighth_of_the_text_and_seven_of_the_picture(batch):
    method = method_of()
    nats = masked_softmax(method, batch)
    terms = method.loss_terms(batch, method(batch), training=False)
    assert_close(float(terms["text"]), nats[:, :LENGTH].mean(), SUM)
    assert_close(float(terms["image"]), nats[:, LENGTH:].mean(), SUM)
    expected = nats[:, :LENGTH].mean() / 8 + 7 * nats[:, LENGTH:].mean() / 8
    assert_close(float(loss_of(method, batch)), expected, SUM)


def test_heads_of_the_paper_begin_at_its_uniform_loss():
    # Of 16,384 tokens, 256 paddings and 8,192 codes.
    assert_close((np.log(16384 + 256) + 7 * np.log(8192)) / 8, 9.099495, NETWORK)
    assert_close((np.log(16384) + 7 * np.log(8192)) / 8, 9.097557, NETWORK)


def test_untrained_heads_begin_at_the_uniform_loss(batch):
    expected = (np.log(VOCABULARY + LENGTH) + 7 * np.log(ENTRIES)) / 8
    assert_close(float(loss_of(method_of(zero_heads=True), batch)), expected, ROUNDING)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_token_is_predicted_from_those_before_it_alone(batch, pattern):
    method = method_of(patterns=(pattern,), last_pattern=pattern)
    tokens = LENGTH + CELLS
    # A row as it is, and one for each token, in which that one is another.
    rows = {name: np.repeat(x[:1], 1 + tokens, axis=0) for name, x in batch.items()}
    for place in range(LENGTH):
        rows["token_ids"][1 + place, place] = (batch["token_ids"][0, place] + 1) % VOCABULARY
    for cell in range(CELLS):
        rows["codes"].reshape(1 + tokens, -1)[1 + LENGTH + cell, cell] += 1
    rows["codes"] %= ENTRIES
    outputs = method(rows)
    moved = np.concatenate(
        [np.abs(x - x[:1]).max(axis=-1) for x in (np.asarray(outputs[n]) for n in method.heads)],
        axis=1,
    )[1:]
    later = np.triu(np.ones((tokens, tokens)), 1) > 0
    assert (moved[~later] == 0).all()
    seen = later if pattern == "dense" else later & (np.arange(tokens) < LENGTH)[:, None]
    assert (moved[seen] > 0).all()
    assert (np.diagonal(moved, 1) > 0).all()


def test_codes_change_no_prediction_of_a_caption_and_captions_that_of_every_code(batch):
    method = method_of()
    other = {**batch, "codes": (batch["codes"] + 1) % ENTRIES}
    np.testing.assert_array_equal(method(batch)["text"], method(other)["text"])
    exchanged = {n: np.roll(batch[n], 1, axis=0) for n in ("token_ids", "padding_mask")}
    said = {**batch, **exchanged}
    moved = np.abs(np.asarray(method(batch)["image"]) - np.asarray(method(said)["image"]))
    assert (moved.max(axis=-1) > 0).all()


def test_what_stands_in_the_padding_changes_nothing(batch):
    method = method_of()
    other = {**batch, "token_ids": np.where(batch["padding_mask"] > 0, batch["token_ids"], 9)}
    assert float(loss_of(method, batch)) == float(loss_of(method, other))


def test_each_padding_is_predicted_as_one_of_its_own(batch):
    outputs = method_of()(batch)
    assert outputs["text"].shape == (3, LENGTH, VOCABULARY + LENGTH)
    assert np.asarray(outputs["text_ids"])[1, 2:].tolist() == [VOCABULARY + 2, VOCABULARY + 3]


def test_the_embedding_is_the_mean_over_the_picture_after_the_middle_block(batch):
    encoder = method_of(depth=3).encoder
    middle = np.asarray(cut(encoder, "block_2")(batch)["features"])
    assert middle.shape == (3, 1 + LENGTH + CELLS, 8)
    assert_close(encoder(batch)["embedding"], middle[:, -CELLS:].mean(axis=1), SUM)


def test_blocks_have_the_patterns_in_turn_and_the_last_one_its_own(batch):
    encoder = dalle_encoder(VOCABULARY, LENGTH, ENTRIES, SHAPE, 8, 6, 2, 16)
    inbound = [encoder.get_layer(f"block_{k}").input[1] for k in range(1, 7)]
    kinds = [tensor._keras_history.operation.kind for tensor in inbound]
    assert kinds == ["row", "column", "row", "row", "row", "convolution"]


def test_other_captions_are_those_of_another_item_that_says_something_else():
    ids = np.array([[1, 2], [1, 2], [3, 4], [1, 2], [3, 4]])
    other = other_captions(ids)
    assert (ids[other] != ids).any(axis=1).all()
    assert other_captions(np.ones((3, 2), int)).shape == (3,)


def test_no_gradient_of_a_caption_comes_from_codes(batch):
    method = method_of()
    with tf.GradientTape() as tape:
        loss = method.loss_terms(batch, method(batch), training=False)["text"]
    table = method.encoder.get_layer("code_embedding").embeddings
    gradient = tape.gradient(loss, table.value, unconnected_gradients="zero")
    assert not np.any(tf.convert_to_tensor(gradient))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs the layer 'text_ids'"):
        DALLE(gpt_encoder(VOCABULARY, LENGTH, 8, 1, 2, 16))
    with pytest.raises(ValueError, match="pooled_block=3"):
        method_of(pooled_block=3)
    with pytest.raises(ValueError, match="patterns"):
        method_of(patterns=())
    with pytest.raises(ValueError, match="num_heads"):
        method_of(width=9)
