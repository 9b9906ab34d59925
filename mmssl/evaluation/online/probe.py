"""Probing an encoder while it trains, without a trace in what it learns."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from mmssl.evaluation.online.classifiers import OnlineClassifiers
from mmssl.evaluation.online.stream import labeled_batches, with_codes
from mmssl.evaluation.probes.features import Embedder
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.splits import check_split
from mmssl.pipelines.reader import BATCH
from mmssl.pipelines.sources.scan import plain_reason

QUEUE, TESTED = 1024, 512  # embeddings that the newest neighbors are among; items tested on


class OnlineProbe(keras.callbacks.Callback):
    """Trains classifiers of labeled items on the encoder's embeddings, beside the encoder.

    After every few steps it embeds a batch of labeled items with `self.model.export_encoder()`, in
    inference mode, takes a step of a linear classifier on the embeddings and puts them into a
    queue. At the end of an epoch it adds the accuracies on held-out items to the logs:
    `online_linear`, and `online_knn` of the vote of the nearest in the queue. The encoder's
    weights, batch statistics and random draws stay what they are without it, bit for bit.

    Both lag behind the encoder, whose embeddings move, and the linear classifier has had as many
    steps as the training, over `every`: they show whether it learns, and when; `evaluate` tells
    what it has learned.

    Args:
        data: Pipeline that the model is trained on, or one of the same inputs, prepared.
        labeled: LabeledData; None for the labels of `data` itself.
        layer: block that is probed, see `Embedder`; None for the encoder's own embedding.
        every: steps of the training between two of the classifier, 1 or more.
        batch_size: labeled items in a step, 1 or more; all, if there are fewer.
        seed: of the order of the labeled items, and of their split, if they have none.

    Raises:
        ValueError: the items have no labels or a single class, or are of another modality.
    """

    def __init__(self, data, labeled=None, layer=None, every=4, batch_size=BATCH, seed=0):
        super().__init__()
        for name, value in {"every": every, "batch_size": batch_size}.items():
            if value < 1:
                raise ValueError(f"{name}={value} must be 1 or more.")
        request = LabeledData.of(labeled).or_own(data)
        _, split = request.open(data, seed)
        if split is None:
            raise ValueError(
                f"{request.describe()['source']} has no labels to probe with: give a source that "
                "has some, labels=<table with a column file> or label_column ('folder' for one "
                "folder per class)."
            )
        check_split(split)
        self.data, self.layer, self.every, self.seed = data, layer, every, seed
        self.batch_size = min(batch_size, len(split.train))
        self.train, self.test = split.train, _some(split.test, seed)
        self.classes, self._codes = np.unique(split.train.labels, return_inverse=True)
        self._classifiers = None

    def build(self, encoder):
        """Makes the classifiers, once; a run does so before it restores them from a checkpoint.

        Args:
            encoder: keras.Model that `export_encoder` of the model to train returns.
        """
        if self._classifiers is None:
            self._embedder = Embedder(encoder, self.layer)
            whole = len(self.train) // self.batch_size * self.batch_size
            queue = max(self.batch_size, min(QUEUE, whole))
            self._classifiers = OnlineClassifiers(self._embedder.width, len(self.classes), queue)

    @property
    def variables(self):
        """All that the probe has learned, a list of variables; empty before `build`."""
        return self._classifiers.variables if self._classifiers else []

    def on_train_begin(self, logs=None):
        self.build(self.model.export_encoder())
        self._steps = int(self.model.optimizer.iterations.numpy())
        learned = self._steps // self.every
        parts = (self.data, self.train, self._codes, self.batch_size, self.seed, learned)
        self._batches = iter(labeled_batches(*parts))

    def on_train_batch_end(self, step, logs=None):
        self._steps += 1
        if self._steps % self.every == 0:
            with _reading():
                batch = next(self._batches)
            self._classifiers.learn(*self._embedded(batch))

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None and self._steps >= self.every:
            logs.update(self.accuracies())

    def accuracies(self):
        """Returns the accuracies on the held-out items now: `online_linear` and `online_knn`."""
        known = {label: code for code, label in enumerate(self.classes)}
        codes = np.array([known.get(label, -1) for label in self.test.labels])
        rows = np.arange(len(codes))
        batches = with_codes(self.data, self.test, codes, rows, self.batch_size)
        with _reading():
            counts = [self._classifiers.count(*self._embedded(batch)) for batch in batches]
        shares = tf.add_n(counts).numpy() / len(codes)
        names = self._classifiers.names
        return {f"online_{n}": float(share) for n, share in zip(names, shares, strict=True)}

    def _embedded(self, labeled):
        inputs, codes = labeled
        batch = {name: inputs[name] for name in self._embedder.inputs}
        return self._embedder.forward(batch)["embedding"], codes


@contextlib.contextmanager
def _reading():
    try:
        yield
    except tf.errors.OpError as error:
        raise ValueError(
            "a labeled item of the online probe can no longer be read "
            f"({plain_reason(error.message)}): restore it, and the same command goes on from the "
            "last checkpoint"
        ) from error


def _some(source, seed):
    """At most TESTED items, drawn at random, in their order."""
    drawn = np.random.default_rng(seed).permutation(len(source))[:TESTED]
    return source.select(np.sort(drawn))
