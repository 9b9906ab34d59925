import keras
import numpy as np
import pytest

from mmssl.evaluation.finetuning.classifier import (
    build_classifier,
    classify,
    clone_encoder,
    labeled_batches,
    train_classifier,
)
from mmssl.evaluation.probes.features import embed
from mmssl.evaluation.probes.linear import fit_linear
from mmssl.pipelines.images import ImageCrops


@pytest.fixture
def data(pictures):
    return ImageCrops(pictures[0], size=8, labels=pictures[1].tolist())


@pytest.fixture
def source(data):
    return data.open(data.source, data.labels)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_layer_starts_as_the_linear_probe(encoder, data, source, classes):
    labels = np.where(np.arange(100) % 7 == 0, "gray", source.labels)
    labels = labels if classes == 3 else source.labels
    features = embed(encoder, data.examples(source))
    probe = fit_linear(features, labels)
    classifier = build_classifier(encoder, classes, probe)
    found = probe.classes[classify(classifier, encoder, data, source)]
    np.testing.assert_array_equal(found, probe.predict(features))


def test_a_copy_shares_nothing_and_starts_as_it_is_asked_to(encoder):
    keras.utils.set_random_seed(1)
    trained, new = clone_encoder(encoder), clone_encoder(encoder, trained=False)
    for before, after in zip(encoder.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    kernel_sizes = [model.get_layer("block_1").gamma for model in (encoder, trained)]
    kernel_sizes[1].assign(np.full(4, 2.0))
    assert float(kernel_sizes[0][0]) == 1
    assert any(
        np.abs(one - two).max() > 0
        for one, two in zip(encoder.get_weights(), new.get_weights(), strict=True)
    )


def test_every_item_is_shown_once_a_round_with_its_own_label(encoder, data, source):
    classifier = build_classifier(encoder, 2)
    codes = (source.labels == "red").astype(int)
    batches = labeled_batches(classifier, data, source, codes, 20, 10, seed=3)
    shown = list(batches.as_numpy_iterator())
    assert len(shown) == 10
    reds = np.concatenate([x["images"].mean(axis=(1, 2)).argmax(axis=1) == 0 for x, _ in shown])
    labels = np.concatenate([labels for _, labels in shown])
    np.testing.assert_array_equal(reds, labels == 1)
    rounds = labels.reshape(2, 100)
    assert (rounds.sum(axis=1) == codes.sum()).all()
    assert (rounds[0] != rounds[1]).any()


def test_all_layers_train_and_batch_norms_learn_the_statistics_anew(encoder, data, source):
    classifier = build_classifier(clone_encoder(encoder), 2)
    codes = (source.labels == "red").astype(int)
    before, steps = classifier.get_weights(), []
    batches = labeled_batches(classifier, data, source, codes, 10, 4)
    train_classifier(classifier, batches, 4, 1e-2, on_step=lambda: steps.append(1))
    for one, two in zip(before, classifier.get_weights(), strict=True):
        assert np.abs(one - two).max() > 0
    assert len(steps) == 4
