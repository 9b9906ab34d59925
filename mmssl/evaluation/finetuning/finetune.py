"""Fine-tuning on few labels, against the same network from scratch and the frozen encoder."""

import time

import keras
import numpy as np

from mmssl.evaluation.finetuning.classifier import (
    build_classifier,
    classify,
    clone_encoder,
    labeled_batches,
    train_classifier,
)
from mmssl.evaluation.probes.features import embed_source
from mmssl.evaluation.probes.few_shot import summarize
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.linear import fit_linear
from mmssl.evaluation.probes.overlap import count_pretrained
from mmssl.evaluation.probes.results import keep_result
from mmssl.evaluation.probes.splits import check_split, few_labels
from mmssl.files import atomic_write, write_text

MIN_STEPS, EPOCHS = 500, 10
SINGLE = "`mmssl evaluate RUN --few-shot 1` measures the encoder with one label of each class"


def finetune(
    run,
    data=None,
    label_fraction=None,
    labels_per_class=None,
    draws=3,
    from_scratch=False,
    steps=None,
    batch_size=64,
    learning_rate=1e-3,
    weight_decay=0.0,
    layer=None,
    seed=0,
    progress=None,
):
    """Fine-tunes a run's encoder with a linear layer on some labels, and saves the classifier.

    For each draw of labels, a linear layer is fitted to the frozen encoder's embeddings
    (`fit_linear`), then all weights are trained from there; with `from_scratch`, the same network
    with new weights is trained on the same items in the same way. There is no augmentation, and no
    early stopping, since no labels are left for validation.

    The fine-tuned classifier of the first draw is saved in the run folder: classifier.keras, and
    the names of its classes in classes.txt, one per line, in the order of its `probabilities`.

    Args:
        run: Run.
        data: LabeledData; None for the data that the run was trained on.
        label_fraction: fraction of the training labels of each class to use, in (0, 1]; at least
            one class must have two labels left.
        labels_per_class: instead, number of labels of each class, 2 or more. By default all labels
            are used.
        draws: number of random draws of the labels; there is a single one if all are used.
        from_scratch: whether to also train from new weights.
        steps: optimizer steps; None for ten epochs over the labels, but at least 500.
        batch_size: items per step; all labels if there are fewer.
        learning_rate: peak learning rate of AdamW.
        weight_decay: decoupled, applied to kernels.
        layer: block to cut the encoder after; None for the whole encoder.
        seed: of random splits, draws of labels, weights and order.
        progress: None or function (steps done, total steps).

    Returns:
        dict of JSON values, stored in metrics.json under `fine_tuning`: `fine_tuned`,
        `linear_probe` and, if requested, `from_scratch`, each with the `mean` and `std` of the test
        accuracy over `draws`; `n_labels`, `n_test`, `pretrained_on` (see `evaluate`), `classes`,
        `labels`, `steps`, `batch_size`, `learning_rate`, `weight_decay`, `seconds` (per draw, of
        each), `data`, `layer`, `split`, `left_out` (what items lacked -> their number), `seed`.

    Raises:
        ValueError: there are no labels, or only one of each class, or an argument is out of range.
    """
    _check(label_fraction, labels_per_class, draws, steps, batch_size, learning_rate)
    data = LabeledData.of(data).or_own(run.data)
    _, split = data.open(run.data, seed)
    if split is None:
        raise ValueError(
            f"{data.describe()['source']} has no labels to train on: give labels=<table with a "
            "column file> or label_column ('folder' for one folder per class)."
        )
    check_split(split)
    whole = label_fraction in (None, 1) and labels_per_class is None
    few = {"per_class": labels_per_class, "fraction": 1.0 if whole else label_fraction}
    drawn = [
        few_labels(split.train.labels, (seed, draw), **few) for draw in range(1 if whole else draws)
    ]
    _check_drawn(label_fraction, split.train.labels, drawn[0])
    batch_size = min(batch_size, len(drawn[0]))
    steps = steps or max(MIN_STEPS, EPOCHS * len(drawn[0]) // batch_size)
    variants = ["fine_tuned", *(["from_scratch"] if from_scratch else [])]
    tuning = _Tuning(run, layer, split, steps, batch_size, learning_rate, weight_decay)
    tuning.count(len(drawn) * len(variants) * steps, progress)
    for draw, items in enumerate(drawn):
        tuning.linear_probe(items, seed)
        for variant in variants:
            classifier = tuning.train(variant, items, seed + draw)
            if variant == "fine_tuned" and draw == 0:
                _save(run.files, classifier, tuning.classes)
    result = {
        **{name: summarize(accuracies) for name, accuracies in tuning.accuracies.items()},
        "n_labels": len(drawn[0]),
        "n_test": len(split.test),
        "pretrained_on": count_pretrained(run.data, data, split.test),
        "classes": len(tuning.classes),
        "labels": {name: value for name, value in few.items() if value is not None},
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "seconds": {n: round(np.mean(spent), 3) for n, spent in tuning.seconds.items()},
        "data": data.describe(),
        "layer": layer,
        "split": split.description,
        "left_out": split.left_out,
        "seed": seed,
    }
    keep_result(run.files.metrics, result, "fine_tuning")
    return result


class _Tuning:
    """Trains classifiers on drawn items, and records their accuracies and times."""

    def __init__(self, run, layer, split, steps, batch_size, learning_rate, weight_decay):
        self.data, self.split = run.data, split
        self.encoder = run.encoder_at(layer)
        self.classes, self.codes = np.unique(split.train.labels, return_inverse=True)
        self.steps, self.batch_size = steps, batch_size
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.accuracies, self.seconds, self.probe, self.test = {}, {}, None, None
        self.done, self.on_step = 0, None

    def count(self, total, progress):
        def on_step():
            self.done += 1
            if progress is not None:
                progress(self.done, total)

        self.on_step = on_step

    def linear_probe(self, items, seed):
        """Fits the linear layer on the frozen encoder that fine-tuning starts from."""
        start, source = time.perf_counter(), self.split.train.select(items)
        if self.test is None:
            self.test = embed_source(self.encoder, self.data, self.split.test)
        features = embed_source(self.encoder, self.data, source)
        self.probe = fit_linear(features, source.labels, seed=seed)
        self._record("linear_probe", self.probe.predict(self.test), start)

    def train(self, variant, items, seed):
        """Trains and tests a classifier."""
        start, tuned = time.perf_counter(), variant == "fine_tuned"
        keras.utils.set_random_seed(seed)
        encoder = clone_encoder(self.encoder, trained=tuned)
        classifier = build_classifier(encoder, len(self.classes), self.probe if tuned else None)
        source, codes = self.split.train.select(items), self.codes[items]
        batches = labeled_batches(
            classifier, self.data, source, codes, self.batch_size, self.steps, seed
        )
        train_classifier(
            classifier,
            batches,
            self.steps,
            self.learning_rate,
            self.weight_decay,
            on_step=self.on_step,
        )
        predicted = self.classes[classify(classifier, encoder, self.data, self.split.test)]
        self._record(variant, predicted, start)
        return classifier

    def _record(self, name, predicted, start):
        accuracy = float(np.mean(predicted == self.split.test.labels))
        self.accuracies.setdefault(name, []).append(accuracy)
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)


def _save(files, classifier, classes):
    with atomic_write(files.classifier) as beside:
        classifier.save(beside)
        write_text(files.classes, "".join(f"{name}\n" for name in classes))


def _check(label_fraction, labels_per_class, draws, steps, batch_size, learning_rate):
    if label_fraction is not None and labels_per_class is not None:
        raise ValueError("Give label_fraction or labels_per_class, not both.")
    if label_fraction is not None and not 0 < label_fraction <= 1:
        raise ValueError(f"label_fraction={label_fraction} must be above 0 and at most 1.")
    if labels_per_class is not None and labels_per_class < 2:
        raise ValueError(f"labels_per_class={labels_per_class} must be 2 or more; {SINGLE}.")
    for name, value in {"draws": draws, "steps": steps, "batch_size": batch_size}.items():
        if value is not None and value < 1:
            raise ValueError(f"{name}={value} must be 1 or more.")
    if learning_rate <= 0:
        raise ValueError(f"learning_rate={learning_rate} must be above 0.")


def _check_drawn(label_fraction, labels, drawn):
    """Rejects a single label of each class: the C of the linear layer could not be chosen."""
    if np.unique(labels[drawn], return_counts=True)[1].max() > 1:
        return
    most = np.unique(labels, return_counts=True)[1].max()
    raise ValueError(
        f"label_fraction={label_fraction} of the {len(labels)} training labels is a single one of "
        f"each class; give label_fraction={2 / most:.2g} or labels_per_class=2, or more; {SINGLE}."
    )
