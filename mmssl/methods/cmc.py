"""Contrastive multiview coding."""

import itertools
from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices
from mmssl.encoders import group_encoders
from mmssl.layers import MemoryBank
from mmssl.losses.info_nce import cosine_scores, info_nce
from mmssl.losses.noise_contrastive import log_partition_of_scores, nce_of_scores
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import (
    MASKED_SCORE,
    cross_entropy_of_positive,
    l2_normalize,
)
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.joint_embedding import embedding_width

REPORT_IMAGES = 12
VIEWS = (2, 4)  # fewest and most


class CMC(Pretrainer):
    """Contrastive multiview coding (Tian, Krishnan, Isola 2019, arXiv 1906.05849).

    Views are groups of channels of a picture, such as its lightness and its colors, each with an
    encoder of its own. A view's vector is told from K others by what a memory keeps of the other
    view of the same picture:

        loss = sum over pairs of views i != j of  l(f_i, m_j)
        nce:      l = mean_b [ -log h(m_b) - sum_k log(1 - h(m_k)) ],   h = p / (p + K / n)
                  p = exp(f . m / T) / Z,  Z = n mean exp(f . m / T) of the first batch
        softmax:  l = -mean_b log( exp(f . m_b / T) / (exp(f . m_b / T) + sum_k exp(f . m_k / T)) )

    with f and m of length 1. After the loss the vectors of the batch move in the memory: m becomes
    0.5 m + 0.5 f, scaled to length 1. `in_batch` needs no memory: the others are the same view of
    the other pictures of the batch.

    Batch:
        images: float32 (B, H, W, C) in [0, 1].
        index: int32 (B,), the number of the picture; without it in `in_batch`.
        negatives: int32 (B, K), numbers of pictures; without them in `in_batch`.

    Across replicas: the vectors and their numbers, which go into the memory of every replica, and
    Z; in `in_batch` the vectors, with gradients; and the statistics of batch norm.

    Args:
        encoder: keras.Model of `mmssl.encoders.channel_group_encoder`, with two to four groups.
        projector: widths of each view's projector, the last one that of a vector; the paper has a
            linear map to 128.
        objective: l, `nce` or `softmax` with a memory, or `in_batch`.
        graph: `full` for all pairs of views, `core` for those with the first.
        memory_size: n, number of pictures; a run takes it from the data.
        momentum: what the memory keeps of the old vector, in [0, 1].
        temperature: T, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no such groups.
    """

    metric_names = ("contrast", "instance_accuracy")
    min_batch_size = 2

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (128,),
        objective: Literal["nce", "softmax", "in_batch"] = "nce",
        graph: Literal["full", "core"] = "full",
        memory_size: int = 10000,
        momentum: float = 0.5,
        temperature: float = 0.07,
        **kwargs,
    ):
        check_choices(CMC.__init__, objective=objective, graph=graph)
        positive_number(temperature=temperature)
        super().__init__(encoder, **kwargs)
        groups = group_encoders(encoder)
        if not VIEWS[0] <= len(groups) <= VIEWS[1]:
            raise ValueError(f"CMC takes two to four views; {encoder.name} has {len(groups)}.")
        self.objective = objective
        self.temperature = temperature
        self.memory_size = memory_size
        pairs = itertools.permutations(range(len(groups)), 2)
        self.pairs = [pair for pair in pairs if graph == "full" or 0 in pair]
        self.projectors = [
            mlp(embedding_width(group), projector, normalize=False, name=f"projector_{number}")
            for number, group in enumerate(groups, start=1)
        ]
        halves = zip(self.projectors, groups, strict=True)
        vectors = [head(group.output["embedding"]) for head, group in halves]
        self.views_of_images = keras.Model(encoder.input, vectors)
        self.banks = []
        if objective != "in_batch":
            self.banks = [MemoryBank(memory_size, projector[-1], momentum) for _ in groups]
        self.log_partitions = self.add_weight(
            shape=(len(self.pairs),), initializer="zeros", trainable=False, name="log_partitions"
        )
        self.steps = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps"
        )

    def projection_model(self):
        joined = ops.concatenate(self.views_of_images.outputs, axis=-1)
        return keras.Model(self.encoder.input, {"embedding": joined})

    def call(self, batch, training=False):
        """Encodes the views.

        Returns:
            list of (B, D'), one a view.
        """
        return self.views_of_images({"images": batch["images"]}, training=training)

    def loss_terms(self, batch, outputs, training):
        vectors = [l2_normalize(ops.cast(x, "float32")) for x in outputs]
        if self.objective == "in_batch":
            losses = [
                info_nce(vectors[i], vectors[j], None, self.temperature) for i, j in self.pairs
            ]
            return {"contrast": sum(losses)}
        losses, hits = self._against_memory(batch, vectors, training)
        self.update_metric("instance_accuracy", sum(hits) / len(hits))
        if training:
            for bank, rows in zip(self.banks, vectors, strict=True):
                bank.write(batch["index"], rows)
            self.steps.assign_add(1)
        return {"contrast": sum(losses)}

    def _against_memory(self, batch, vectors, training):
        """Computes the loss, and how often the own vector scores highest, of each pair."""
        index, negatives = batch["index"], batch["negatives"]
        own = [bank.look_up(index) for bank in self.banks]
        others = [bank.look_up(negatives) for bank in self.banks]
        scores = [
            cosine_scores(vectors[i], own[j], others[j], self.temperature) for i, j in self.pairs
        ]
        itself = index[:, None] == negatives
        hits = [_hits(*score, itself) for score in scores]
        if self.objective == "softmax":
            return [ops.mean(cross_entropy_of_positive(*score)) for score in scores], hits
        partitions = self._partitions(scores, training)
        losses = [
            nce_of_scores(*score, self.memory_size, partitions[number])
            for number, score in enumerate(scores)
        ]
        return losses, hits

    def _partitions(self, scores, training):
        """Returns log Z of each pair: that of the first batch, which is kept."""
        now = [log_partition_of_scores(*score, self.memory_size) for score in scores]
        now = ops.stop_gradient(ops.stack(now))
        kept = ops.where(self.steps.value > 0, ops.convert_to_tensor(self.log_partitions), now)
        if training:
            self.log_partitions.assign(kept)
        return kept

    def validate(self, data):
        """Finds each held-out picture by one view among all of them by another.

        Args:
            data: mmssl.pipelines.images.InstanceCrops over the held-out pictures.

        Returns:
            dict: `match_accuracy`, how often the other view of the same picture is the nearest,
            averaged over pairs of views; and `chance_accuracy`, one in the number of pictures.
        """
        source = spread_out(data.source)
        views = self._embed(data.examples(source))
        matches = [_nearest(views[i], views[j]) for i, j in self.pairs]
        accuracy = np.mean([match == np.arange(len(match)) for match in matches])
        return {"match_accuracy": float(accuracy), "chance_accuracy": 1 / len(source)}

    def report_images(self, data):
        """Draws pictures, and those whose second view is nearest to their first.

        Args:
            data: mmssl.pipelines.images.InstanceCrops over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        source = spread_out(data.source)
        views = self._embed(data.examples(source))
        pictures = [batch["images"].numpy()[..., :3] for batch in data.examples(source)]
        pictures = np.concatenate(pictures)
        matched = pictures[_nearest(views[0][:REPORT_IMAGES], views[1])]
        caption = (
            f"Rows: pictures, and of {len(pictures)} the one whose second view is nearest to the "
            "first view of the picture above. Where they are the same, the views agree."
        )
        return [("Matched views", caption, sheet([pictures[:REPORT_IMAGES], matched]))]

    def _embed(self, batches):
        """Encodes the views of pictures, a list of arrays (N, D') of length 1."""
        views = zip(*(self.infer(batch) for batch in batches), strict=True)
        return [np.array(l2_normalize(np.concatenate(view))) for view in views]


def _hits(positive, others, itself):
    """The share of anchors whose own vector scores above those of all other pictures."""
    best = ops.max(ops.where(itself, MASKED_SCORE, others), axis=-1)
    return ops.mean(ops.cast(positive > best, "float32"))


def _nearest(vectors, others):
    """Returns, for each of some vectors, the number of the nearest among others."""
    return np.argmax(vectors @ others.T, axis=-1)
