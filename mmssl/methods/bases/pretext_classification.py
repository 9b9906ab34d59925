"""Telling what was done to pictures, as one of a few classes."""

import keras
import numpy as np
from keras import ops

from mmssl.methods.bases.heads import classifier
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.multi_crop import embed_crops
from mmssl.methods.bases.pretrainer import Pretrainer

VALIDATION_BATCHES = 64  # at most, of the held-out pictures
REPORT_IMAGES = 12


class PretextClassification(Pretrainer):
    """Base of methods that classify what the pipeline has done to a picture.

    The encoder embeds the `count` pictures of an example each by itself, in one forward pass with
    those of all examples; a head sees the embeddings. The loss is cross-entropy. A subclass defines
    `call`, which returns the logits (N, classes), `labels`, and `undone`, what the report shows.

    Args:
        encoder: keras.Model of `images`; where they differ from it in size, one that takes any.
        count: pictures of an example, the views `images_1` to `images_<count>` of a batch.
        width: of the head's input.
        classes: number of classes.
        hidden: widths of the head's layers but the last; none for a linear classifier.
        **kwargs: passed to Pretrainer.
    """

    metric_names = ("task", "task_accuracy")
    splits_batches = True
    views_agree = False

    def __init__(
        self,
        encoder: keras.Model,
        count: int,
        width: int,
        classes: int,
        hidden: tuple[int, ...] = (),
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        self.count = count
        self.classes = classes
        self.head = classifier(width, hidden, classes)

    def embed(self, batch, training=False):
        """Embeds the pictures of all examples in one pass, so that they share batch statistics.

        Returns:
            list of (B, D), one per picture of an example.
        """
        return embed_crops(self.encoder, self.views(batch, self.count), training)

    def labels(self, batch):
        """Returns the true class of each row of logits, int32 (N,)."""
        raise NotImplementedError(f"{type(self).__name__} must define labels.")

    def loss_terms(self, batch, outputs, training):
        logits, labels = ops.cast(outputs, "float32"), self.labels(batch)
        hits = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), labels)
        self.update_metric("task_accuracy", ops.mean(ops.cast(hits, "float32")))
        losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        return {"task": ops.mean(losses)}

    def validate(self, data):
        """Computes how often the method is right on held-out pictures, prepared as in training.

        Args:
            data: pipeline over the held-out pictures.

        Returns:
            dict: `task_accuracy`, and `chance_accuracy`, that of guessing.
        """
        hits = []
        for batch in data.batches().take(min(len(data), VALIDATION_BATCHES)):
            guesses = np.argmax(self.infer(batch), axis=-1)
            hits.append(guesses == ops.convert_to_numpy(self.labels(batch)))
        return {"task_accuracy": float(np.mean(hits)), "chance_accuracy": 1 / self.classes}

    def undone(self, batch, answers, data):
        """Takes back what was done to the pictures of a batch, if that was as an answer says.

        Args:
            batch: dict of arrays.
            answers: int array (N,), the class of each row of logits.
            data: the pipeline of the batch.

        Returns:
            float32 array (B, H, W, 3) in [0, 1], one picture an example.
        """
        raise NotImplementedError(f"{type(self).__name__} must define undone.")

    def report_images(self, data):
        """Draws what was done to pictures taken back, as the method tells it and as it was.

        Args:
            data: pipeline over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.batches()))
        guesses = np.argmax(self.infer(batch), axis=-1)
        labels = ops.convert_to_numpy(self.labels(batch))
        batch = {name: ops.convert_to_numpy(values) for name, values in batch.items()}
        rows = [self.undone(batch, answers, data)[:REPORT_IMAGES] for answers in (guesses, labels)]
        right = np.mean(guesses == labels)
        caption = f"Rows: as the method puts it right, as it was. It is right in {right:.0%}."
        return [("The task", caption, sheet(rows))]
