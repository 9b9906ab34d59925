"""CVRL."""

import keras
import numpy as np
from keras import ops

from mmssl.losses.nt_xent import nt_xent
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.joint_embedding import embedding_width

VALIDATION_BATCHES = 64  # at most, of the held-out videos
REPORT_CLIPS, REPORT_FRAMES = 8, 4


class CVRL(JointEmbedding):
    """Contrastive learning of clips (Qian et al. 2020, arXiv 2008.03800).

    Classifies each clip's partner, the other clip of its video, among all 2N - 1 other clips in the
    batch, with s the cosine similarity of projections:

        loss = -mean_i log( exp(s_ij / T) / sum_{k != i} exp(s_ik / T) ),    j the partner of i

    How far apart the two clips lie in time is up to the pipeline. This is the mean over the 2N
    clips; the official code sums the means of the two directions, which is twice as much. As in
    that code, the projector has three hidden layers with batch norm, and both clips share batch
    statistics.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, once per clip, such as `frames_1` float32
            (B, T, H, W, 3) in [0, 1].

    Across replicas: projections, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of clips.
        projector: widths of the projector's layers; four in the official code, the last one 128.
        temperature: T, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("nt_xent",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (2048, 2048, 2048, 128),
        temperature: float = 0.1,
        **kwargs,
    ):
        positive_number(temperature=temperature)
        super().__init__(
            encoder, mlp(embedding_width(encoder), projector, name="projector"), **kwargs
        )
        self.temperature = temperature

    def call(self, batch, training=False):
        both = self.join(self.views(batch, 2))
        return ops.split(self.student(both, training=training)["projection"], 2)

    def loss_terms(self, batch, outputs, training):
        return {"nt_xent": nt_xent(*outputs, self.temperature)}

    def validate(self, data):
        """Computes how often the nearest of all other clips of a batch is of the same video.

        Args:
            data: pipeline over the held-out videos.

        Returns:
            dict: `same_video`, and `same_video_chance`, that of guessing.
        """
        batches = data.batches().take(min(len(data), VALIDATION_BATCHES))
        hits = [_nearest(*self.infer(batch)) == _partners(data.batch_size) for batch in batches]
        chance = 1 / (2 * data.batch_size - 1)
        return {"same_video": float(np.mean(hits)), "same_video_chance": chance}

    def report_images(self, data):
        """Draws clips, each with the clip that is nearest to it and with the other of its video.

        Args:
            data: pipeline over the videos to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(data.batches()))
        nearest, partners = _nearest(*self.infer(batch)), _partners(data.batch_size)
        name = next(iter(self.encoder.input))
        clips = np.concatenate([batch[f"{name}_1"], batch[f"{name}_2"]])
        places = np.linspace(0, clips.shape[1] - 1, min(REPORT_FRAMES, clips.shape[1])).astype(int)
        rows = [
            np.concatenate([clips[i][places] for i in (row, nearest[row], partners[row])])
            for row in range(min(REPORT_CLIPS, data.batch_size))
        ]
        right = np.mean(nearest == partners)
        caption = (
            "Rows: frames of a clip, of the nearest other clip in the batch, of the other clip of "
            f"its video. The nearest is of its video in {right:.0%}."
        )
        return [("Clips of one video", caption, sheet(rows))]


def _nearest(first, second):
    """Returns the nearest other clip of each, int (2B,), by the cosine of their projections."""
    vectors = np.concatenate([first, second]).astype("float64")
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines.argmax(axis=1)


def _partners(rows):
    """Returns the other clip of the same video for each of two times `rows` clips, int (2B,)."""
    return (np.arange(2 * rows) + rows) % (2 * rows)
