"""CMC: views of a picture told from others by what a memory keeps of another view."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.encoders import channel_group_encoder, small_conv_encoder
from mmssl.methods.cmc import CMC
from mmssl.pipelines.images import InstanceCrops
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, SUM, assert_close

NEGATIVES = 12
CASE = Case(
    "vision/cmc",
    (
        "--data.batch_size=8",
        "--data.size=16",
        f"--data.num_negatives={NEGATIVES}",
        "--method.projector=[8]",
        "--method.encoder.encoder.channels=[4,8]",
        "--method.encoder.encoder.strides=[2,2]",
    ),
    # At a high temperature all scores are alike, and the model's probabilities those of noise.
    initial_loss=(2 * (np.log(NEGATIVES + 1) + NEGATIVES * np.log(1 + 1 / NEGATIVES)), 0.05),
    theory=("--method.temperature=10",),
)
SIZE, INSTANCES, ROWS, WIDTH = 8, 20, 5, 6


def method_of(groups=((0,), (1, 2)), seed=0, **kwargs):
    keras.utils.set_random_seed(seed)
    encoder = channel_group_encoder(
        SIZE, groups=groups, encoder=small_conv_encoder(SIZE, (8,), (2,))
    )
    return CMC(encoder, (WIDTH,), **{"memory_size": INSTANCES, "temperature": 0.5, **kwargs})


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return {
        "images": rng.random((ROWS, SIZE, SIZE, 3), "float32"),
        "index": np.array([3, 17, 0, 8, 5], "int32"),
        "negatives": rng.integers(0, INSTANCES, (ROWS, 7)).astype("int32"),
    }


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def scores_of(method, batch, i, j):
    """Scores exp(f_i . m_j / T) of the own vector, first, and of the negatives, in float64."""
    vectors = unit(np.asarray(method(batch)[i], "float64"))
    bank = unit(method.banks[j].vectors.numpy().astype("float64"))
    drawn = np.concatenate([batch["index"][:, None], batch["negatives"]], axis=1)
    return np.exp(np.einsum("bd,bkd->bk", vectors, bank[drawn]) / method.temperature)


def nce(scores, partition):
    noise = (scores.shape[1] - 1) / INSTANCES
    model = scores / partition
    own, others = model[:, 0], model[:, 1:]
    return np.mean(-np.log(own / (own + noise)) - np.log(noise / (others + noise)).sum(axis=1))


def softmax(scores):
    return np.mean(np.log(scores.sum(axis=1) / scores[:, 0]))


@pytest.mark.parametrize(("graph", "groups"), [("full", 2), ("full", 3), ("core", 3)])
def test_the_loss_is_the_sum_over_pairs_of_views_against_the_memory_of_the_other(
    graph, groups, batch
):
    split = {2: ((0,), (1, 2)), 3: ((0,), (1,), (2,))}[groups]
    method = method_of(split, objective="softmax", graph=graph)
    pairs = [(0, 1), (1, 0)] if groups == 2 else [(0, 1), (0, 2), (1, 0), (2, 0)]
    if graph == "full" and groups == 3:
        pairs += [(1, 2), (2, 1)]
    expected = sum(softmax(scores_of(method, batch, i, j)) for i, j in pairs)
    assert_close(loss_of(method, batch, training=False), expected, NETWORK)


def test_nce_compares_with_noise_by_the_mean_score_of_the_first_batch(batch):
    method = method_of()
    pairs = ((0, 1), (1, 0))
    first = [scores_of(method, batch, *pair) for pair in pairs]
    partitions = [INSTANCES * scores.mean() for scores in first]
    expected = sum(map(nce, first, partitions))
    assert_close(loss_of(method, batch, training=False), expected, NETWORK)
    assert_close(method.compute_loss(x=batch, y_pred=method(batch)), expected, NETWORK)
    later = sum(
        nce(scores_of(method, batch, *pair), partition)
        for pair, partition in zip(pairs, partitions, strict=True)
    )
    assert abs(later - expected) > 0.01
    assert_close(method.compute_loss(x=batch, y_pred=method(batch)), later, NETWORK)
    assert_close(method.log_partitions, np.log(partitions), NETWORK)


def test_in_a_batch_the_others_are_the_same_view_of_the_other_pictures(batch):
    method = method_of(objective="in_batch")
    one, two = (unit(np.asarray(x, "float64")) for x in method(batch))
    scores = np.exp(one @ two.T / 0.5)
    expected = sum(np.mean(np.log(s.sum(axis=1) / np.diag(s))) for s in (scores, scores.T))
    only = {"images": batch["images"]}
    assert_close(loss_of(method, only, training=False), expected, NETWORK)
    assert method.banks == []


def test_views_in_the_other_order_give_the_same_loss(batch):
    method = method_of(objective="softmax")
    swapped = method_of(objective="softmax")
    swapped.pairs = [(j, i) for i, j in method.pairs]
    assert_close(loss_of(swapped, batch, False), loss_of(method, batch, False), SUM)


def test_equal_scores_give_log_of_the_candidates_for_each_direction(batch):
    method = method_of(objective="softmax")
    for bank in method.banks:
        bank.vectors.assign(np.zeros((INSTANCES, WIDTH)))
    assert_close(loss_of(method, batch, False), 2 * np.log(8), SUM)
    assert float(method.get_metrics_result()["instance_accuracy"]) == 0


def test_vectors_enter_the_memory_after_the_loss_was_taken(batch):
    method = method_of(momentum=0.25)
    before = [bank.vectors.numpy() for bank in method.banks]
    vectors = [unit(np.asarray(x)) for x in method(batch, training=True)]
    loss_of(method, batch, training=False)
    for bank, old in zip(method.banks, before, strict=True):
        np.testing.assert_array_equal(bank.vectors.numpy(), old)
    method.compute_loss(x=batch, y_pred=method(batch, training=True))
    for bank, old, new in zip(method.banks, before, vectors, strict=True):
        expected = unit(0.25 * old[batch["index"]] + 0.75 * new)
        assert_close(bank.vectors.numpy()[batch["index"]], expected, NETWORK)


def test_an_own_vector_among_the_negatives_is_no_miss(batch):
    method = method_of(objective="softmax")
    for bank, vectors in zip(method.banks, reversed(method(batch)), strict=True):
        rows = bank.vectors.numpy()
        rows[:] = -np.asarray(vectors).mean(axis=0)
        rows[batch["index"]] = vectors
        bank.vectors.assign(rows)
    missing = [n for n in range(INSTANCES) if n not in batch["index"]]
    negatives = np.full((ROWS, 3), missing[0], "int32")
    negatives[:, 1] = batch["index"]
    loss_of(method, {**batch, "negatives": negatives}, training=False)
    assert float(method.get_metrics_result()["instance_accuracy"]) == 1


def test_no_gradient_flows_into_the_memory(batch):
    method = method_of()
    with tf.GradientTape() as tape:
        tape.watch([bank.vectors.value for bank in method.banks])
        loss = loss_of(method, batch)
    assert tape.gradient(loss, [bank.vectors.value for bank in method.banks]) == [None, None]


def data_of(count=6):
    pictures = list(np.random.default_rng(1).integers(0, 256, (count, 12, 12, 3)).astype("uint8"))
    data = InstanceCrops(pictures, size=SIZE, batch_size=2)
    return data.on(data.open(pictures))


def test_a_held_out_picture_is_found_by_its_other_view():
    method, data = method_of(), data_of()
    [batch] = data.examples(data.source)
    one, two = (unit(np.asarray(x)) for x in method(batch))
    nearest = [np.argmax(one @ two.T, axis=1), np.argmax(two @ one.T, axis=1)]
    found = method.validate(data)
    assert found["match_accuracy"] == np.mean(np.array(nearest) == np.arange(6))
    assert found["chance_accuracy"] == 1 / 6
    [(title, caption, picture)] = method.report_images(data)
    assert (title, picture.shape, picture.dtype) == ("Matched views", (16, 48, 3), np.uint8)
    images = np.rint(batch["images"].numpy()[nearest[0]] * 255)
    np.testing.assert_array_equal(picture[8:], np.concatenate(list(images), axis=1))
    assert "of 6" in caption


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="channel_group_encoder"):
        CMC(small_conv_encoder())
    with pytest.raises(ValueError, match="two to four views"):
        method_of(((0,),) * 5)
    for arguments in ({"objective": "mse"}, {"graph": "star"}, {"temperature": 0.0}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            method_of(**arguments)
