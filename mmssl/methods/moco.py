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
from mmssl.methods.bases.views import views


class MoCo(JointEmbedding):
    """Momentum contrast (He, Fan, Wu, Xie, Girshick 2019, arXiv 1911.05722; version 2: Chen, Fan,
    Girshick, He 2020, arXiv 2003.04297).

    A query, the first view, picks the key of the second view among the keys of past batches, by
    the cosine s; keys come from a teacher, a moving average of the student:

        loss = -mean_i log( exp(s(q_i, k_i) / T) / sum_{k in k_i, queue} exp(s(q_i, k) / T) )

    over the K vectors of the queue, which the batch's keys enter after the loss is taken. Version
    1 has a linear projector, `projector: [128]`, and T = 0.07; version 2 two layers, T = 0.2 and
    stronger augmentation. The projector has no batch norm, as in the official code.

    Batch norm that makes a query and its key from one batch gives the positive away: among keys of
    other batches it alone shares the query's statistics, however many replicas these span. The
    official code keeps batch norm apart on each device and shuffles keys between several of them.
    Here the teacher normalizes by moving statistics instead (EMAN: Cai, Ravichandran, Maji,
    Fowlkes, Tu, Soatto 2021, arXiv 2101.08482), so a key depends on its own example alone, on one
    device as on many. `key_statistics: batch` is the official code's training mode, unshuffled.

    Batch:
        <input>_1, <input>_2: the encoder's inputs once a view, such as `images_1` float32
            (B, H, W, 3) in [0, 1].

    Across replicas: the keys that enter the queue, and the statistics of the student's batch norm.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers; the last is a key's.
        queue_size: K, keys kept; at least one batch.
        momentum: of the teacher, in [0, 1].
        temperature: T, above 0.
        key_statistics: what the teacher's batch norm goes by: `moving` averages of the student's
            statistics, or the `batch`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range.
    """

    metric_names = ("info_nce",)

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
        self.by_batch = key_statistics == "batch"
        statistics = "own" if self.by_batch else "averaged"
        self.teacher = EMATeacher(self.student, momentum, statistics=statistics)
        self.queue = VectorQueue(queue_size, projector[-1])
        self.temperature = temperature

    def call(self, batch, training=False):
        """Projects the first view."""
        query, _ = views(batch, self.encoder, 2)
        return self.student(query, training=training)["projection"]

    def loss_terms(self, batch, outputs, training):
        if training:
            self.teacher.update(self.student)
        _, view = views(batch, self.encoder, 2)
        keys = self.teacher(view, training=training and self.by_batch)["projection"]
        loss = info_nce(outputs, keys, self.queue.vectors, self.temperature)
        if training:
            self.queue.push(l2_normalize(ops.cast(keys, "float32")))
        return {"info_nce": loss}
