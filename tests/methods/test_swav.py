import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from mmssl.encoders import small_conv_encoder
from mmssl.methods.swav import SwAV
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_MULTI_CROP
from tests.tolerances import NETWORK, SUM, assert_close, multiples

CASE = Case(
    "vision/swav",
    (
        *TINY_MULTI_CROP,
        "--method.projector=[16,8]",
        "--method.num_prototypes=12",
        "--method.queue_size=8",
        "--method.queue_start=0",
    ),
    initial_loss=(np.log(12), 0.01),
    theory=("--method.temperature=100",),
    **on_clothes(0.02),
)

ROWS = 4


def tiny(**kwargs):
    keras.utils.set_random_seed(0)
    encoder = small_conv_encoder(8, (4, 6), (2, 1))
    method = SwAV(encoder, **{"projector": (6, 5), "num_prototypes": 7, **kwargs})
    method.compile(keras.optimizers.SGD(0.5))
    return method


def crops(sizes=(8, 8, 4), rows=ROWS, seed=0):
    draw = np.random.default_rng(seed)
    return {
        f"images_{place}": draw.uniform(size=(rows, size, size, 3)).astype("float32")
        for place, size in enumerate(sizes, start=1)
    }


def official_codes(scores):
    q = np.exp(np.asarray(scores, "float64") / 0.05).T
    q /= q.sum()
    for _ in range(3):
        q /= q.sum(1, keepdims=True) * q.shape[0]
        q /= q.sum(0, keepdims=True) * q.shape[1]
    return (q * q.shape[1]).T[-ROWS:]


def expected_loss(scores, codes):
    return np.mean(
        [
            -(codes[i] * log_softmax(scores[v] / 0.1, axis=-1)).sum(-1).mean()
            for i in range(2)
            for v in range(len(scores))
            if v != i
        ]
    )


def test_the_loss_is_that_of_the_official_code():
    method, batch = tiny(), crops()
    outputs = method(batch)
    scores = [x.numpy() for x in outputs["scores"]]
    loss = method.compute_loss(x=batch, y_pred=outputs, training=False)
    expected = expected_loss(scores, [official_codes(x) for x in scores[:2]])
    assert_close(loss, expected, SUM)


def test_scores_are_cosines_with_prototypes_of_length_one():
    method, batch = tiny(), crops()
    for _ in range(3):
        lengths = np.linalg.norm(method.prototypes, axis=0)
        assert_close(lengths, np.ones(7), NETWORK)
        scores = method(batch)["scores"]
        assert [x.shape for x in scores] == [(ROWS, 7)] * 3
        assert np.abs(scores).max() <= 1 + 1e-5
        method.train_on_batch(batch)


def test_projections_are_offered_to_who_watches_for_collapse():
    method, batch = tiny(), crops(sizes=(8, 8))
    compared = np.asarray(method.projection_model()({"images": batch["images_1"]})["embedding"])
    units = compared / np.linalg.norm(compared, axis=1, keepdims=True)
    assert_close(units, method(batch)["projections"][0], SUM)


def test_the_prototypes_are_frozen_in_the_first_steps():
    method, batch = tiny(frozen_steps=2), crops()
    start = method.prototypes.numpy()
    for moved in (False, False, True):
        method.train_on_batch(batch)
        assert (multiples(method.prototypes, start) > NETWORK) == moved


def test_the_queue_joins_the_batch_once_it_is_full():
    method = tiny(queue_size=2 * ROWS, queue_start=1)
    past = [[], []]
    for step in range(5):
        batch = crops(seed=step)
        outputs = method(batch, training=True)
        scores = [x.numpy() for x in outputs["scores"]]
        before = [np.empty((0, 5)), np.empty((0, 5))]
        if step >= 3:  # filled at steps 1 and 2
            before = [np.concatenate(rows[-2:]) for rows in past]
        codes = [
            official_codes(np.concatenate([rows @ method.prototypes.numpy(), own]))
            for rows, own in zip(before, scores[:2], strict=True)
        ]
        loss = method.compute_loss(x=batch, y_pred=outputs, training=True)
        assert_close(loss, expected_loss(scores, codes), SUM)
        for rows, projections in zip(past, outputs["projections"], strict=True):
            rows.append(projections.numpy())


def test_usage_is_one_where_all_prototypes_are_used_alike():
    even = np.eye(4, dtype="float32") * 5
    method = tiny()
    assert_close(method._usage([even, even]), 1, SUM)
    assert_close(method._usage([even[:1], even[:1]]), 0, SUM, scale=1)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="epsilon must be above 0; got 0"):
        tiny(epsilon=0)
    method, batch = tiny(queue_size=6), crops()
    with pytest.raises(
        ValueError, match=r"queue_size=6\) must be a multiple of the global batch size, 4"
    ):
        method.compute_loss(x=batch, y_pred=method(batch), training=True)


def test_a_queue_asks_for_complete_batches():
    batches = tf.data.Dataset.from_tensor_slices(crops(rows=8)).batch(ROWS)
    with pytest.raises(ValueError, match=r"queue_size=8\) must know .* drop_remainder=True"):
        tiny(queue_size=8).fit(batches, verbose=0)
    tiny().fit(batches, verbose=0)
