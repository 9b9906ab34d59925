import keras
import numpy as np
import pytest

from mmssl.methods.moco import MoCo
from tests.contract.cases import Case
from tests.contract.learning import on_clothes
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import SUM, assert_close, multiples

CASE = Case(
    "vision/moco",
    (*TINY_VIEWS, "--method.projector=[16,8]", "--method.queue_size=32"),
    overfit=None,  # a batch that comes again meets its own keys in the queue
    initial_loss=(np.log(32 + 1), 0.15),
    theory=("--method.temperature=10",),
    **on_clothes(0.01),
)
CASES = {
    "v1": Case(
        "vision/moco_v1",
        (*TINY_VIEWS, "--method.projector=[8]", "--method.queue_size=32"),
        overfit=None,
        initial_loss=(np.log(32 + 1), 0.15),
        theory=("--method.temperature=10",),
        **on_clothes(0.01),
    ),
}


def tiny(encoder, **kwargs):
    method = MoCo(encoder, (8, 4), queue_size=16, **{"momentum": 0.9, **kwargs})
    method.compile(keras.optimizers.SGD(0.5))
    return method


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_the_loss_is_the_formula_over_the_own_key_and_the_queue(encoder, pairs):
    method = tiny(encoder, temperature=0.3)
    queries = unit(np.asarray(method(pairs)))
    view = {"vectors": pairs["vectors_2"]}
    keys = unit(np.asarray(method.student(view)["projection"]))
    own = np.exp((queries * keys).sum(axis=1) / 0.3)
    queued = np.exp(queries @ method.queue.vectors.numpy().T / 0.3).sum(axis=1)
    loss = method.compute_loss(x=pairs, y_pred=method(pairs), training=False)
    assert_close(loss, np.mean(np.log((own + queued) / own)), SUM)


def test_keys_enter_the_queue_after_the_loss_was_taken(encoder, pairs):
    method = tiny(encoder)
    before = method.queue.vectors.numpy()
    keys = unit(np.asarray(method.student({"vectors": pairs["vectors_2"]})["projection"]))
    loss = method.compute_loss(x=pairs, y_pred=method(pairs), training=False)
    np.testing.assert_array_equal(method.queue.vectors.numpy(), before)
    trained = method.compute_loss(x=pairs, y_pred=method(pairs), training=True)
    assert_close(trained, float(loss), SUM)
    np.testing.assert_array_equal(method.queue.vectors.numpy()[:8], before[8:])
    assert_close(method.queue.vectors.numpy()[8:], keys, SUM)


def test_the_queue_is_not_trained(encoder):
    method = tiny(encoder)
    trained = {id(v) for v in method.trainable_variables}
    assert not any(id(v) in trained for v in method.queue.weights)


@pytest.mark.parametrize(("key_statistics", "alone"), [("moving", True), ("batch", False)])
def test_a_key_depends_on_its_own_example_alone(key_statistics, alone, encoder, pairs):
    keys = []
    for count in (8, 4):
        keras.utils.set_random_seed(0)
        method = tiny(encoder, key_statistics=key_statistics)
        batch = {name: x[:count] for name, x in pairs.items()}
        method.compute_loss(x=batch, y_pred=method(batch), training=True)
        keys.append(method.queue.vectors.numpy()[-count:][:4])
    assert (multiples(keys[0], keys[1]) < SUM) == alone
