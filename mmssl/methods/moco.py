"""MoCo, versions 1 and 2."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.layers import VectorQueue
from mmssl.losses.info_nce import info_nce
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.parts.similarity import l2_normalize
from mmssl.methods.bases import EMATeacher, JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.joint_embedding import embedding_width


class MoCo(JointEmbedding):
    """Momentum contrast (He, Fan, Wu, Xie, Girshick 2019, arXiv 1911.05722; version 2: Chen, Fan,
    Girshick, He 2020, arXiv 2003.04297).

    Classifies the key of a query, the second view's projection by a teacher, among the keys of past
    batches, with s the cosine similarity and the teacher a moving average of the student:

        loss = -mean_i log( exp(s(q_i, k_i) / T) / sum_{k in k_i, queue} exp(s(q_i, k) / T) )

    over the K vectors of the queue, to which the batch's keys are added after the loss is computed.
    Version 1 has a linear projector, `projector: [128]`, and T = 0.07; version 2 has two layers,
    T = 0.2 and stronger augmentation. The projector has no batch norm, as in the official code.

    If batch norm computes a query and its key from the same batch, it leaks the positive, the only
    key that shares the query's batch statistics, however many replicas these span. The official
    code computes batch norm separately on each device and shuffles keys between devices. Here the
    teacher uses moving statistics instead (EMAN: Cai, Ravichandran, Maji, Fowlkes, Tu, Soatto 2021,
    arXiv 2101.08482), so a key depends on its own example only, on one device as on many.
    `key_statistics: batch` is the official code's training mode without shuffling.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: the keys added to the queue, and the statistics of the student's batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, the last one that of a key.
        queue_size: K, number of keys kept; at least the global batch size.
        momentum: of the teacher, in [0, 1].
        temperature: T, above 0.
        key_statistics: what the teacher's batch norm uses: `moving` averages of the student's
            statistics, or those of the `batch`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("info_nce",)
    min_batch_size = 1

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (2048, 128),
        queue_size: int = 65536,
        momentum: float = 0.999,
        temperature: float = 0.2,
        key_statistics: Literal["moving", "batch"] = "moving",
        **kwargs,
    ):
        check_choices(MoCo.__init__, key_statistics=key_statistics)
        positive_number(temperature=temperature)
        head = mlp(embedding_width(encoder), projector, normalize=False, name="projector")
        super().__init__(encoder, head, **kwargs)
        self.use_batch_statistics = key_statistics == "batch"
        statistics = "own" if self.use_batch_statistics else "averaged"
        self.teacher = EMATeacher(self.student, momentum, statistics=statistics)
        self.queue = VectorQueue(queue_size, projector[-1])
        self.temperature = temperature

    def doubts(self, count):
        size = self.queue.vectors.shape[0]
        if size < count:
            return []
        return [
            f"The queue of {size} keys is as long as the data, {count} elements, or longer, so "
            "that most of them meet a key of their own among the negatives: set "
            "method.queue_size to half of that or less."
        ]

    def call(self, batch, training=False):
        """Projects the first view."""
        query, _ = self.views(batch, 2)
        return self.student(query, training=training)["projection"]

    def loss_terms(self, batch, outputs, training):
        if training:
            self.teacher.update(self.student)
        _, view = self.views(batch, 2)
        keys = self.teacher(view, training=training and self.use_batch_statistics)["projection"]
        loss = info_nce(outputs, keys, self.queue.vectors, self.temperature)
        if training:
            self.queue.push(l2_normalize(ops.cast(keys, "float32")))
        return {"info_nce": loss}
