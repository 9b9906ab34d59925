import keras
import numpy as np
import pytest

from mmssl.encoders import blocks, cut, sentence_encoder
from tests.tolerances import SUM, assert_close

LENGTH = 4


def encoder():
    keras.utils.set_random_seed(0)
    return sentence_encoder(30, LENGTH, token_width=6, channels=8, context_dim=5)


def text(sizes=((4, 2, 3), (1, 4, 2))):
    mask = (np.arange(LENGTH) < np.array(sizes)[..., None]).reshape(len(sizes), -1).astype("int32")
    return {
        "token_ids": np.random.default_rng(0).integers(1, 30, mask.shape).astype("int32") * mask,
        "padding_mask": mask,
    }


def outputs_of(model, batch):
    return {name: np.asarray(value) for name, value in model(batch).items()}


def test_a_latent_depends_on_its_own_sentence_and_a_context_on_those_up_to_it():
    model, batch = encoder(), text()
    other = {**batch, "token_ids": batch["token_ids"].copy()}
    other["token_ids"][:, 4] = 31 - other["token_ids"][:, 4]
    for name, expected in (("block_1", [1]), ("block_2", [1, 2])):
        before, after = (outputs_of(cut(model, name), x)["features"] for x in (batch, other))
        moved = np.flatnonzero((before != after).any(axis=(0, 2)))
        np.testing.assert_array_equal(moved, expected)


def test_a_latent_is_the_mean_of_the_convolution_over_the_tokens():
    model, batch = encoder(), text()
    kernel, bias = (np.asarray(w) for w in model.get_layer("convolution").get_weights())
    table = np.asarray(model.get_layer("token_embedding").get_weights()[0])
    vectors = np.zeros((6, 6))
    vectors[1:3] = table[batch["token_ids"][0, 4:6]]  # the second sentence, of two tokens
    rows = [sum(vectors[place + k] @ kernel[0, k] for k in range(3)) + bias for place in (0, 1)]
    found = outputs_of(cut(model, "block_1"), batch)["features"][0, 1]
    assert_close(found, np.maximum(rows, 0).mean(axis=0), SUM)


@pytest.mark.parametrize("more", [1, 4, 9])
def test_padding_of_any_length_changes_nothing(more):
    model, batch = encoder(), text()
    longer = {name: np.pad(x, [(0, 0), (0, more)]) for name, x in batch.items()}
    alone, padded = outputs_of(model, batch), outputs_of(model, longer)
    assert_close(padded["features"][:, :3], alone["features"], SUM)
    assert_close(padded["embedding"], alone["embedding"], SUM)


def test_what_stands_in_the_padding_does_not_matter():
    model, batch = encoder(), text()
    other = {**batch, "token_ids": np.where(batch["padding_mask"], batch["token_ids"], 7)}
    for name, value in outputs_of(model, batch).items():
        np.testing.assert_array_equal(outputs_of(model, other)[name], value)


def test_the_embedding_joins_the_means_of_latents_and_contexts():
    model, batch = encoder(), text(((4, 2, 0), (1, 4, 2)))
    latents, contexts = (outputs_of(cut(model, name), batch)["features"] for name in blocks(model))
    both = np.concatenate([latents, contexts], axis=-1)
    assert_close(outputs_of(model, batch)["embedding"][0], both[0, :2].mean(axis=0), SUM)


@pytest.mark.parametrize("name", ["sentence_length", "channels", "kernel_size"])
def test_sizes_out_of_range_are_refused_by_name(name):
    with pytest.raises(ValueError, match=rf"{name}=\.\.\.\) must be 1 or more; got 0"):
        sentence_encoder(**{name: 0})
