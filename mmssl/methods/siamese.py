"""Siamese networks."""

import keras
import numpy as np
from keras import ops
from sklearn.metrics import roc_auc_score

from mmssl.losses.contrastive import contrastive_loss
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.joint_embedding import embedding_width

REPORT_IMAGES = 12
VALIDATION_BATCHES = 64  # at most, of the held-out pairs
STRIP = 4  # pixels, under a pair, of the color that says whether it is alike
ALIKE, OTHER = (0.1, 0.6, 0.2), (0.8, 0.1, 0.1)


class Siamese(JointEmbedding):
    """A distance learned from pairs (Hadsell, Chopra, LeCun 2006).

    One network embeds both of a pair; alike ones are pulled together, others pushed apart up to a
    margin:

        loss = mean_b same_b D_b^2 / 2 + (1 - same_b) max(0, margin - D_b)^2 / 2

    D_b is the Euclidean distance of the projections, which are not normalized. Both of all pairs
    go through the network in one pass, and share batch statistics.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once for each of a pair, such as `images_1`
            float32 (B, H, W, 3) in [0, 1].
        same: float32 (B,), 1 for pairs that are alike, 0 for others.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, the last one that of the space of distances.
        margin: distance from which on pairs that are not alike cost nothing; above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("contrastive", "pair_accuracy")
    norm_sensitive = True

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (64,),
        margin: float = 1.0,
        **kwargs,
    ):
        positive_number(margin=margin)
        head = mlp(embedding_width(encoder), projector, name="projector")
        super().__init__(encoder, head, **kwargs)
        self.margin = margin

    def call(self, batch, training=False):
        both = self.join(self.views(batch, 2))
        return ops.split(self.student(both, training=training)["projection"], 2)

    def loss_terms(self, batch, outputs, training):
        near = ops.cast(self._distances(*outputs) < self.margin / 2, "float32")
        hits = ops.equal(near, batch["same"])
        self.update_metric("pair_accuracy", ops.mean(ops.cast(hits, "float32")))
        return {"contrastive": contrastive_loss(*outputs, batch["same"], self.margin)}

    def distances(self, batch):
        """Computes the distances of pairs: float32 array (B,)."""
        return ops.convert_to_numpy(self._distances(*self.infer(batch)))

    def _distances(self, first, second):
        first, second = (ops.cast(x, "float32") for x in (first, second))
        return ops.sqrt(ops.sum(ops.square(first - second), axis=-1))

    def validate(self, data):
        """Computes how well distances tell held-out pairs that are alike from others.

        Args:
            data: mmssl.pipelines.images.ImagePairs over the held-out images.

        Returns:
            dict: `pair_auc`, how often a pair that is alike is nearer than one that is not;
            `same_distance` and `other_distance`, the mean distances of both kinds, in margins.
        """
        distances, same = [], []
        for batch in data.batches().take(min(len(data), VALIDATION_BATCHES)):
            distances.append(self.distances(batch))
            same.append(ops.convert_to_numpy(batch["same"]) == 1)
        distances, same = np.concatenate(distances), np.concatenate(same)
        return {
            "pair_auc": float(roc_auc_score(same, -distances)),
            "same_distance": float(distances[same].mean() / self.margin),
            "other_distance": float(distances[~same].mean() / self.margin),
        }

    def report_images(self, data):
        """Draws pairs, the nearest first.

        Args:
            data: mmssl.pipelines.images.ImagePairs over the images to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.batches()))
        order = np.argsort(self.distances(batch)[:REPORT_IMAGES])
        first, second, same = (
            ops.convert_to_numpy(batch[name])[order] for name in ("images_1", "images_2", "same")
        )
        colors = np.where(same[:, None] == 1, ALIKE, OTHER)
        strip = np.broadcast_to(colors[:, None, None], (len(order), STRIP, first.shape[2], 3))
        caption = "Pairs, the nearest first; green: alike, red: not."
        return [("Siamese pairs", caption, sheet([first, second, strip]))]
