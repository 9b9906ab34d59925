"""SCARF."""

import keras
import numpy as np
from keras import ops

from mmssl.losses.info_nce import info_nce
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import JointEmbedding
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.held_out_images import highlight
from mmssl.methods.bases.joint_embedding import embedding_width

SHOWN = 32  # rows whose cosines the report shows
VALIDATION_BATCHES = 64  # at most, of held-out rows


class SCARF(JointEmbedding):
    """Contrast of rows with corrupted ones (Bahri, Jiang, Tay, Metzler 2021, arXiv 2106.15147).

    Each row's corrupted one is found among those of the batch, with s the cosine of projections:

        loss = -mean_i log( exp(s(z_i, z'_i) / T) / sum_j exp(s(z_i, z'_j) / T) )

    z_i is the projection of row i, z'_j that of row j with some of its values taken from other
    rows. The paper divides the sum by N, which makes the loss log N smaller, and changes no
    gradient. At chance the loss is log N, N the rows of the batch.

    Batch:
        <input>_1, <input>_2: the encoder's inputs, of the row and of the corrupted one, such as
            `numbers_1` float32 (B, F) and `categories_1` int32 (B, G).

    Across replicas: the projections of corrupted rows, with gradients.

    Args:
        encoder: keras.Model of any modality.
        projector: widths of the projector's layers, without batch norm; two of 256 in the paper.
        temperature: T, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = ("info_nce", "matched")

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (256, 256),
        temperature: float = 1.0,
        **kwargs,
    ):
        positive_number(temperature=temperature)
        head = mlp(embedding_width(encoder), projector, normalize=False, name="projector")
        super().__init__(encoder, head, **kwargs)
        self.temperature = temperature

    def projection_model(self):
        """Returns None: the embeddings are watched for collapse, not the projections.

        At a temperature of 1 these keep a fifth of their effective rank, spread as far as before.
        """
        return None

    def loss_terms(self, batch, outputs, training):
        self.update_metric("matched", ops.mean(ops.cast(_matched(*outputs), "float32")))
        return {"info_nce": info_nce(*outputs, temperature=self.temperature)}

    def validate(self, data):
        """Computes how often a held-out row is nearest to its own corrupted one.

        Args:
            data: mmssl.pipelines.tables.MarginalViews over the held-out rows.

        Returns:
            dict: `matched_rows`, the share of rows, among those of a batch; `chance`, that of
            guessing.
        """
        found = []
        for batch in data.batches().take(min(len(data), VALIDATION_BATCHES)):
            found.append(ops.convert_to_numpy(_matched(*self.infer(batch))))
        return {
            "matched_rows": float(np.concatenate(found).mean()),
            "chance": 1 / len(found[0]),
        }

    def report_images(self, data):
        """Draws the cosines of rows with corrupted ones: bright on the diagonal if it has learned.

        Args:
            data: mmssl.pipelines.tables.MarginalViews over the rows to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        first, second = self.infer(next(iter(data.batches())))
        cosines = np.asarray(_cosines(first[:SHOWN], second[:SHOWN]))
        side = 8 * len(cosines)
        picture = highlight(np.ones((1, side, side, 3), "float32"), cosines[np.newaxis])[0]
        caption = (
            f"Cosines of {len(cosines)} rows, from top to bottom, with their corrupted ones, from "
            "left to right: bright where they are near. A row's own is on the diagonal."
        )
        return [("Rows and corrupted rows", caption, np.rint(picture * 255).astype("uint8"))]


def _cosines(first, second):
    first, second = (ops.normalize(ops.cast(x, "float32"), axis=-1) for x in (first, second))
    return ops.matmul(first, ops.transpose(second))


def _matched(first, second):
    """Returns whether each row's own corrupted one is the nearest of this replica's, bool (B,)."""
    nearest = ops.argmax(_cosines(first, second), axis=-1)
    return ops.equal(nearest, ops.arange(ops.shape(first)[0], dtype=nearest.dtype))
