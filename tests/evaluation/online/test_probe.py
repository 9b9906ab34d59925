"""The probe in Keras' own loop; in a run, see `tests/training/test_online.py`."""

import keras
import numpy as np
import pytest

from mmssl.evaluation import LabeledData, OnlineProbe, evaluate
from mmssl.methods import SimCLR
from mmssl.pipelines.images import ImageViews
from tests.evaluation.conftest import colored_pictures, tiny_encoder


def trained(data, *callbacks):
    encoder = tiny_encoder()
    method = SimCLR(encoder, projector=(8, 4))
    method.compile(keras.optimizers.Adam(0.01))
    history = method.fit(
        data.batches(), epochs=2, steps_per_epoch=6, verbose=0, callbacks=list(callbacks)
    )
    return method, history.history


@pytest.fixture
def data(pictures):
    return ImageViews(pictures[0], 8, 16, labels=pictures[1].tolist()).prepare()


def test_a_callback_of_fit_logs_what_a_probe_of_the_same_items_finds(data, run):
    probe = OnlineProbe(data, every=2, batch_size=20)
    method, history = trained(data, probe)
    assert len(history["online_linear"]) == len(history["online_knn"]) == 2
    assert history["online_linear"][-1] == probe.accuracies()["online_linear"] > 0.9
    run.encoder, run.untrained = method.encoder, tiny_encoder(1)
    found = evaluate(run, LabeledData(data.open(data.source, data.labels)))
    assert abs(found["encoder"]["knn"] - history["online_knn"][-1]) <= 0.1


def test_it_leaves_no_trace_in_weights_and_random_draws(data):
    plain, _ = trained(data)
    drawn = keras.random.uniform((3,))
    probed, _ = trained(data, OnlineProbe(data, every=1))
    np.testing.assert_array_equal(keras.random.uniform((3,)), drawn)
    for one, other in zip(plain.weights, probed.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_there_is_no_accuracy_before_the_first_step_of_the_probe(data):
    _, history = trained(data, OnlineProbe(data, every=9))
    assert len(history["loss"]) == 2
    assert len(history["online_linear"]) == 1


def test_items_of_classes_that_are_only_tested_on_count_as_wrong(data):
    pictures, labels = colored_pictures(60)
    unknown = np.where(np.arange(60) < 30, labels, "green").tolist()
    parts = [data.open(pictures, names) for names in (labels.tolist(), unknown)]
    labeled = LabeledData(train=parts[0], test=parts[1])
    probe = OnlineProbe(data, labeled, every=1, batch_size=20)
    _, history = trained(data, probe)
    assert 0.4 < history["online_linear"][-1] <= 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "every=0 must be 1 or more"),
        ({"batch_size": 0}, "batch_size=0 must be 1 or more"),
        ({"labeled": 3}, "data is a int"),
        ({"layer": "block_9"}, "block_9"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(arguments, message, data):
    with pytest.raises(ValueError, match=message):
        OnlineProbe(data, **arguments).build(tiny_encoder())
