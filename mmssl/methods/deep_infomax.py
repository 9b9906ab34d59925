"""Deep InfoMax."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.encoders import blocks
from mmssl.losses.infomax import infomax_dv, infomax_jsd, infomax_nce
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.heads import mlp
from mmssl.methods.bases.held_out_images import first_images, highlight, sheet
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.score_heads import score_head

BOUNDS = {"jsd": infomax_jsd, "nce": infomax_nce, "dv": infomax_dv}
HIDDEN = 512  # width of the network that sees the whole map
REPORT_IMAGES = 12


class DeepInfoMax(Pretrainer):
    """Deep InfoMax (Hjelm et al. 2018, arXiv 1808.06670).

    Raises a bound on the information that the embedding y of a picture has about a map x of its
    features: about each place of it (local), about the whole of it (global), or both. A score
    belongs to one picture where both parts do:

        loss = local_weight bound(s(y_i), t(x_jl)) + global_weight bound(s'(y_i), t'(x_j))
        jsd:  mean softplus(-s . t, own) + mean softplus(s . t, others) - 2 log 2
        nce:  -mean log( exp(s . t, own) / (exp(s . t, own) + sum exp(s . t, others)) )
        dv:   log mean exp(s . t, others) - mean(s . t, own)

    s, t, s' are residual layers, t' a network of the flattened map. Others are the places of the
    other pictures of the batch, never those of the own.

    Batch:
        images: float32 (B, H, W, 3) in [0, 1].

    Across replicas: the vectors of places, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of `images` with blocks whose outputs are maps (B, h, w, C).
        layer: block whose map it is, such as `block_2`; None for the last one.
        bound: `jsd`, `nce` or `dv`.
        local_weight: 0 or more; beta of the paper.
        global_weight: 0 or more; alpha of the paper.
        width: of s and t.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the block is not there or no map.
    """

    metric_names = ("local", "global")
    min_batch_size = 2

    def __init__(
        self,
        encoder: keras.Model,
        layer: str | None = None,
        bound: Literal["jsd", "nce", "dv"] = "jsd",
        local_weight: float = 1.0,
        global_weight: float = 0.0,
        width: int = 2048,
        **kwargs,
    ):
        check_choices(DeepInfoMax.__init__, bound=bound)
        weights = {"local": local_weight, "global": global_weight}
        if min(weights.values()) < 0 or not any(weights.values()):
            raise ValueError(
                "DeepInfoMax(local_weight=...) and global_weight must be 0 or more, one of them "
                f"above; got {local_weight} and {global_weight}."
            )
        super().__init__(encoder, loss_weights=weights, **kwargs)
        self.bound = BOUNDS[bound]
        places = _map(encoder, layer)
        self.sides = tuple(places.shape[1:3])
        outputs = {"places": places, "embedding": encoder.output["embedding"]}
        self.places_and_embedding = keras.Model(encoder.input, outputs)
        channels, embedding = places.shape[-1], embedding_width(encoder)
        self.local_heads = self.global_heads = None
        if local_weight:
            self.local_heads = [
                score_head(embedding, width, "layer", "embedding_head"),
                score_head(channels, width, "layer", "place_head"),
            ]
        if global_weight:
            values = channels * self.sides[0] * self.sides[1]
            self.global_heads = [
                score_head(embedding, width, "layer", "whole_embedding_head"),
                mlp(values, (HIDDEN, width), name="map_head"),
            ]

    def call(self, batch, training=False):
        """Scores nothing yet: returns the vectors whose dot products are the scores.

        Returns:
            dict of pairs (B, D'), (B, L, D') under `local` and, or, `global`, where L is 1.
        """
        outputs = self.places_and_embedding({"images": batch["images"]}, training=training)
        places, embedding = outputs["places"], outputs["embedding"][:, None]
        rows, vectors = ops.shape(places)[0], {}
        if self.local_heads:
            head, of_place = self.local_heads
            each = ops.reshape(places, (rows, -1, places.shape[-1]))
            found = head(embedding, training=training), of_place(each, training=training)
            vectors["local"] = (found[0][:, 0], found[1])
        if self.global_heads:
            head, of_map = self.global_heads
            flat = ops.reshape(places, (rows, -1))
            found = head(embedding, training=training), of_map(flat, training=training)
            vectors["global"] = (found[0][:, 0], found[1][:, None])
        return vectors

    def loss_terms(self, batch, outputs, training):
        return {name: self.bound(*vectors) for name, vectors in outputs.items()}

    def report_images(self, data):
        """Draws pictures, lit where places score high with the picture's own vector.

        Args:
            data: mmssl.pipelines.images.ImageCrops over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)); empty without a local bound.
        """
        if not self.local_heads:
            return []
        images = first_images(data, REPORT_IMAGES)
        vector, places = self.infer({"images": images})["local"]
        scores = (places @ vector[..., None]).reshape(-1, *self.sides)
        caption = "Rows: pictures, and the same, bright where a place tells of the whole."
        return [("Places", caption, sheet([images, highlight(images, scores)]))]


def _map(encoder, layer):
    """Finds the map of a block."""
    names = blocks(encoder)
    name = layer or (names or [None])[-1]
    if name not in names or len(encoder.get_layer(name).output.shape) != 4:
        raise ValueError(
            f"DeepInfoMax(layer={layer!r}) must name a block whose output is a map; "
            f"{encoder.name} has {', '.join(names) or 'no blocks'}."
        )
    return encoder.get_layer(name).output
