"""Shuffle and Learn."""

import keras
import numpy as np

from mmssl.methods.bases import PretextClassification
from mmssl.methods.bases.held_out_images import sheet
from mmssl.methods.bases.joint_embedding import embedding_width

FRAMES, ANSWERS = 3, 2
REPORT_TRIPLES = 12
EDGE = 2  # pixels of the frame around a triple
RIGHT, WRONG = (0.2, 0.7, 0.2), (0.9, 0.2, 0.2)


class ShuffleAndLearn(PretextClassification):
    """Verification of the order of frames (Misra, Zitnick, Hebert 2016, arXiv 1603.08561).

    Tells whether the middle one of three frames lies between the others in time. Each frame goes
    through the same network, and a classifier sees the three vectors side by side:

        loss = -mean_b log softmax(head([f(x_b1), f(x_b2), f(x_b3)]))_y,    y 1 where in order

    Batch:
        frames: float32 (B, 3, size, size, 3) in [0, 1].
        in_order: int32 (B,), 1 or 0; a triple that is shown backwards is in order, too.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of three `frames`, whose embedding tells them apart:
            `mmssl.encoders.frame_encoder` with `pool="concatenate"`.
        hidden: widths of layers between embedding and classifier; none in the paper.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder does not take three frames.
    """

    def __init__(self, encoder: keras.Model, hidden: tuple[int, ...] = (), **kwargs):
        shape = encoder.input["frames"].shape if "frames" in encoder.input else ()
        if len(shape) != 5 or shape[1] != FRAMES:
            raise ValueError(
                f"ShuffleAndLearn(encoder=...) must take {FRAMES} frames, as "
                f"frame_encoder(frames={FRAMES}, pool='concatenate') does; got {encoder.name}."
            )
        super().__init__(encoder, FRAMES, embedding_width(encoder), ANSWERS, hidden, **kwargs)

    def call(self, batch, training=False):
        return self.head(self.encode(batch, training)["embedding"], training=training)

    def labels(self, batch):
        return batch["in_order"]

    def validate(self, data):
        """Computes how often it is right on held-out videos, and how often the majority is."""
        found = super().validate(data)
        return {**found, "chance_accuracy": data.wrong / (1 + data.wrong)}

    def report_images(self, data):
        """Draws triples, framed in green where the answer is right, and in red where it is not.

        Args:
            data: pipeline over the videos to show.

        Returns:
            list of (title, caption, uint8 (H, W, 3)), one for each of the two answers.
        """
        batch = next(iter(data.batches()))
        told, truth = np.argmax(self.infer(batch), axis=-1), np.asarray(batch["in_order"])
        pages = []
        for answer, title in ((1, "Told to be in order"), (0, "Told to be out of order")):
            chosen = np.flatnonzero(told == answer)
            if not len(chosen):
                continue
            right = np.mean(truth[chosen] == answer)
            caption = f"Triples of a batch: {len(chosen)}, of which {right:.0%} are (green)."
            shown = chosen[:REPORT_TRIPLES]
            rows = framed(np.asarray(batch["frames"])[shown], truth[shown] == answer)
            pages.append((title, caption, sheet(_in_columns(rows))))
        return pages


def framed(clips, right):
    """Puts the frames of each clip side by side, with a colored edge around.

    Args:
        clips: float32 array (N, T, H, W, 3) in [0, 1].
        right: bool array (N,), green where true, else red.

    Returns:
        float32 array (N, H + 4, T * W + 4, 3).
    """
    count, frames, height, width, channels = clips.shape
    strips = clips.swapaxes(1, 2).reshape(count, height, frames * width, channels)
    edges = [(0, 0), (EDGE, EDGE), (EDGE, EDGE), (0, 0)]
    inside = np.pad(np.ones((1, height, frames * width, 1), bool), edges)
    colors = np.where(np.asarray(right)[:, None], RIGHT, WRONG)[:, None, None]
    return np.where(inside, np.pad(strips, edges), colors).astype("float32")


def _in_columns(strips, columns=2):
    """Arranges strips in rows of `columns`, the last one filled up with white."""
    missing = -len(strips) % columns
    filled = np.concatenate([strips, np.ones((missing, *strips.shape[1:]), strips.dtype)])
    return filled.reshape(-1, columns, *strips.shape[1:])
