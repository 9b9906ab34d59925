"""Fine-tuning on few labels, beside the same network from scratch and the frozen encoder."""

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
from mmssl.evaluation.probes.features import embed
from mmssl.evaluation.probes.few_shot import summarize
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.linear import fit_linear
from mmssl.evaluation.probes.results import keep_result
from mmssl.evaluation.probes.splits import check_split, few_labels
from mmssl.files import atomic_write, write_text

LEAST_STEPS, EPOCHS = 500, 10
SINGLE = "`mmssl evaluate RUN --few-shot 1` measures the encoder with one label of each class"


def finetune(
    run,
    data=None,
    share=None,
    per_class=None,
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
    """Fine-tunes a run's encoder with a linear layer on some labels, and keeps the classifier.

    For each draw of labels: a linear layer is fitted to the frozen encoder's embeddings
    (`fit_linear`), then all weights are trained from there; with `from_scratch`, the same network
    from new weights is trained on the same items in the same way. There is no augmentation and no
    early stopping, for no label is left to stop by.

    Of the first draw the fine-tuned classifier is kept in the run folder: classifier.keras and the
    names of its classes, classes.txt, a line each, in the order of its `probabilities`.

    Args:
        run: Run.
        data: LabeledData; None for the data that the run was trained on.
        share: share of the training labels to use, of each class, above 0 and up to 1; it must
            leave some class two labels.
        per_class: instead, how many of each class, 2 or more. Neither takes all labels.
        draws: how many times labels are drawn; a single one where all are taken.
        from_scratch: whether to train from new weights too.
        steps: optimizer steps; None for ten times round the labels, and 500 at least.
        batch_size: items a step; all labels where there are fewer.
        learning_rate: the peak of AdamW's rate.
        weight_decay: decoupled, of kernels.
        layer: block to end the encoder after; None takes the whole.
        seed: of drawn splits, of labels, weights and order.
        progress: None or function (steps done, steps in all).

    Returns:
        dict of JSON values, kept in metrics.json as `fine_tuning`: `fine_tuned`, `linear_probe`
        and, where asked, `from_scratch`, each with the test accuracy's `mean` and `std` over
        `draws`; `n_labels`, `n_test`, `classes`, `labels`, `steps`, `batch_size`,
        `learning_rate`, `seconds` (of each, a draw), `data`, `layer`, `split`.

    Raises:
        ValueError: no labels, a single one of each class, or an argument out of its range.
    """
    _check(share, per_class, draws, steps, batch_size, learning_rate)
    data = LabeledData.of(data).or_own(run.data)
    _, split = data.open(run.data, seed)
    if split is None:
        raise ValueError(
            f"{data.describe()['source']} has no labels to train on: give labels=<table with a "
            "column file> or label_column ('folder' for one folder a class)."
        )
    check_split(split)
    whole = share in (None, 1) and per_class is None
    few = {"per_class": per_class, "share": 1.0 if whole else share}
    drawn = [
        few_labels(split.train.labels, (seed, draw), **few) for draw in range(1 if whole else draws)
    ]
    _check_drawn(share, split.train.labels, drawn[0])
    batch_size = min(batch_size, len(drawn[0]))
    steps = steps or max(LEAST_STEPS, EPOCHS * len(drawn[0]) // batch_size)
    variants = ["fine_tuned", *(["from_scratch"] if from_scratch else [])]
    tuning = _Tuning(run, layer, split, steps, batch_size, learning_rate, weight_decay)
    tuning.count(len(drawn) * len(variants) * steps, progress)
    for draw, items in enumerate(drawn):
        tuning.linear_probe(items, seed)
        for variant in variants:
            classifier = tuning.train(variant, items, seed + draw)
            if variant == "fine_tuned" and draw == 0:
                _keep(run.files, classifier, tuning.classes)
    result = {
        **{name: summarize(accuracies) for name, accuracies in tuning.accuracies.items()},
        "n_labels": len(drawn[0]),
        "n_test": len(split.test),
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
        "seed": seed,
    }
    keep_result(run.files.metrics, result, "fine_tuning")
    return result


class _Tuning:
    """Trains classifiers on drawn items and takes their accuracies and times."""

    def __init__(self, run, layer, split, steps, batch_size, learning_rate, weight_decay):
        self.data, self.split = run.data, split
        self.encoder = run.encoder_at(layer)
        self.classes, self.codes = np.unique(split.train.labels, return_inverse=True)
        self.steps, self.batch_size = steps, batch_size
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.accuracies, self.seconds, self.probe, self.test = {}, {}, None, None
        self.done, self.stepped = 0, None

    def count(self, total, progress):
        def stepped():
            self.done += 1
            if progress is not None:
                progress(self.done, total)

        self.stepped = stepped

    def linear_probe(self, items, seed):
        """Fits the frozen encoder's linear layer, which fine-tuning starts from."""
        start, source = time.perf_counter(), self.split.train.select(items)
        if self.test is None:
            self.test = embed(self.encoder, self.data.examples(self.split.test))
        features = embed(self.encoder, self.data.examples(source))
        self.probe = fit_linear(features, source.labels, seed=seed)
        self._note("linear_probe", self.probe.predict(self.test), start)

    def train(self, variant, items, seed):
        """Trains and measures a classifier."""
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
            stepped=self.stepped,
        )
        found = self.classes[classify(classifier, self.data, self.split.test)]
        self._note(variant, found, start)
        return classifier

    def _note(self, name, predicted, start):
        accuracy = float(np.mean(predicted == self.split.test.labels))
        self.accuracies.setdefault(name, []).append(accuracy)
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)


def _keep(files, classifier, classes):
    with atomic_write(files.classifier) as beside:
        classifier.save(beside)
        write_text(files.classes, "".join(f"{name}\n" for name in classes))


def _check(share, per_class, draws, steps, batch_size, learning_rate):
    if share is not None and per_class is not None:
        raise ValueError("Give a share of the labels or a number a class, not both.")
    if share is not None and not 0 < share <= 1:
        raise ValueError(f"share={share} of the labels must be above 0, and 1 at most.")
    if per_class is not None and per_class < 2:
        raise ValueError(f"per_class={per_class} must be 2 labels or more; {SINGLE}.")
    for name, value in {"draws": draws, "steps": steps, "batch_size": batch_size}.items():
        if value is not None and value < 1:
            raise ValueError(f"{name}={value} must be 1 or more.")
    if learning_rate <= 0:
        raise ValueError(f"learning_rate={learning_rate} must be above 0.")


def _check_drawn(share, labels, drawn):
    """Refuses a single label of each class: the linear layer's C could not be chosen."""
    if np.unique(labels[drawn], return_counts=True)[1].max() > 1:
        return
    most = np.unique(labels, return_counts=True)[1].max()
    raise ValueError(
        f"share={share} of the {len(labels)} training labels is a single one of each class; "
        f"give share={2 / most:.2g} or per_class=2, or more; {SINGLE}."
    )
