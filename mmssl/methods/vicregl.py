"""VICRegL."""

import itertools
import math
from collections import Counter

import keras
import numpy as np
from keras import ops

from mmssl.encoders.parts.graph import leading_tokens
from mmssl.losses.vicregl import (
    center_distances,
    matched_vicreg_terms,
    mean_cosine,
    nearest_matches,
    place_distances,
    slot_statistics,
)
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.heads import behind_head, mlp
from mmssl.methods.bases.held_out_images import MARKS, marked, sheet
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.multi_crop import LARGE

WEIGHTS = {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}
REPORT_IMAGES = 8


class VICRegL(Pretrainer):
    """VICReg of local features (Bardes, Ponce, LeCun 2022, arXiv 2210.01571).

    VICReg of two views as a whole, and of pairs of their places: those whose features are nearest,
    and those that show nearly the same part of the image:

        loss = alpha VICReg(z, z') + (1 - alpha) (local by features + local by places)
        VICReg = 25 invariance + 25 variance + covariance
        local  = half the sum of both directions of VICReg(matched places)

    Variance and covariance of matched places are taken slot by slot over the batch, and averaged
    over slots; those of whole views are averaged over views, so that the covariance is half of
    VICReg's. With small views, pairs are a large one and any other.

    Batch:
        images_1, images_2, ...: float32 (B, H, W, 3) in [0, 1], two large views, then small ones.
        centers_1, centers_2, ...: float32 (B, P, 2), row and column in the whole image of the
            middle of each place of the encoder's map.

    Across replicas: variances and covariances, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of `images`, whose `features` are a map or tokens of patches, and which
            takes views of every size in the batch.
        projector: widths of the expander of whole views.
        local_projector: widths of the projector of places.
        alpha: in (0, 1]; 1 leaves places out.
        num_matches: pairs by places that are kept, from the first view to the second and back.
        feature_matches: the same of pairs by features; None keeps one of each place.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range.
    """

    metric_names = (*WEIGHTS, *(f"local_{name}" for name in WEIGHTS), "match_cosine")
    norm_sensitive = True
    min_batch_size = 2

    def __init__(
        self,
        encoder: keras.Model,
        projector: tuple[int, ...] = (8192, 8192, 8192),
        local_projector: tuple[int, ...] = (512, 512, 512),
        alpha: float = 0.75,
        num_matches: tuple[int, int] = (20, 4),
        feature_matches: tuple[int, int] | None = None,
        **kwargs,
    ):
        if not 0 < alpha <= 1:
            raise ValueError(f"VICRegL(alpha={alpha}) must be above 0 and at most 1.")
        weights = {name: alpha * weight for name, weight in WEIGHTS.items()}
        weights |= {f"local_{name}": (1 - alpha) * weight for name, weight in WEIGHTS.items()}
        super().__init__(encoder, loss_weights=weights, **kwargs)
        self.num_matches = tuple(num_matches)
        self.feature_matches = tuple(feature_matches or (None, None))
        width = embedding_width(encoder)
        self.projector = mlp(width, projector, last_bias=False, name="projector")
        self.local_projector = None
        if alpha < 1:
            channels = encoder.output["features"].shape[-1]
            self.local_projector = mlp(channels, local_projector, last_bias=False, name="local")

    def projection_model(self):
        return behind_head(self.encoder, self.projector)

    def call(self, batch, training=False):
        """Projects each view in a pass of its own, so that views do not share batch statistics.

        Returns:
            dict of lists, one entry a view: `whole` (B, D), and `places` (B, P, D'), empty where
            alpha is 1.
        """
        found = {"whole": [], "places": []}
        for view in self.views(batch):
            # Its `call`, since calling the model itself would require the size it was built for.
            outputs = self.encoder.call(view, training=training)
            found["whole"].append(self.projector(outputs["embedding"], training=training))
            if self.local_projector:
                found["places"].append(self._places(outputs["features"], training))
        return found

    def _places(self, features, training):
        if len(features.shape) == 3:
            features = features[:, leading_tokens(features) :]
        rows, channels = ops.shape(features)[0], features.shape[-1]
        projected = self.local_projector(ops.reshape(features, (-1, channels)), training=training)
        return ops.reshape(projected, (rows, -1, projected.shape[-1]))

    def loss_terms(self, batch, outputs, training):
        terms = _whole_terms([ops.cast(x, "float32") for x in outputs["whole"]])
        places = outputs["places"]
        if not places:
            return terms
        centers = [batch[f"centers_{view}"] for view in range(1, len(places) + 1)]
        _check_places(places, centers)
        by_features = _slots(places, place_distances, self.feature_matches)
        by_centers = _slots(centers, center_distances, self.num_matches)
        slots = zip(by_features, by_centers, strict=True)
        own, matched, weights = (ops.concatenate(both, axis=-1) for both in slots)
        everywhere = ops.concatenate(places, axis=1)
        first, second = (
            ops.take_along_axis(everywhere, index[..., None], axis=1) for index in (own, matched)
        )
        at_centers = by_features[2].size
        self.update_metric(
            "match_cosine",
            mean_cosine(first[:, at_centers:], second[:, at_centers:], by_centers[2]),
        )
        local = matched_vicreg_terms(first, second, weights)
        return {**terms, **{f"local_{name}": value for name, value in local.items()}}

    def report_images(self, data):
        """Draws pairs of views, with the places marked in color that show the same part.

        Args:
            data: mmssl.pipelines.images.LocatedViews over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        count = min(REPORT_IMAGES, data.batch_size)
        batch = next(iter(data.batches().take(1)))
        centers = [batch[f"centers_{view}"][:count] for view in (1, 2)]
        shown = min(len(MARKS), centers[0].shape[1])
        kept, nearest = nearest_matches(center_distances(*centers), shown)
        grid = math.isqrt(centers[0].shape[1])
        rows = [
            marked(batch[f"images_{view}"][:count].numpy(), np.asarray(places), grid)
            for view, places in ((1, kept), (2, nearest))
        ]
        caption = "Rows: two views; places of one color are matched, as they show the same part."
        return [("Matched places", caption, sheet(rows))]


def _pairs(count):
    """Lists the pairs of views: one of the large ones, and any other."""
    return [(i, j) for i, j in itertools.permutations(range(count), 2) if i < LARGE]


def _whole_terms(views):
    """Computes the terms of whole views: invariance over pairs, the others over views."""
    pairs = _pairs(len(views))
    squares = [ops.mean(ops.square(views[i] - views[j])) for i, j in pairs]
    variances, covariances = slot_statistics(ops.stack(views, axis=1))
    return {
        "invariance": sum(squares) / len(pairs),
        "variance": ops.mean(variances),
        "covariance": ops.mean(covariances),
    }


def _slots(positions, distances, counts):
    """Matches the places of all pairs of views, in both directions.

    Args:
        positions: list of (B, P, K), one a view, by which they are matched.
        distances: function of two of them.
        counts: matches from the first view of a pair to the second, and back.

    Returns:
        Triple of int32 (B, M), int32 (B, M) and float32 array (M,): places, what they are matched
        with, both counted through all views, and the weight of each slot, by which all directions
        of all pairs count alike, 1 in all.
    """
    pairs = _pairs(len(positions))
    begins = np.cumsum([0, *(x.shape[1] for x in positions)]).tolist()
    # Both pairs of the large views match the first with the second: as often, at once.
    forth = Counter((i, j, counts[0]) for i, j in pairs)
    directions = forth + Counter((j, i, counts[1]) for i, j in pairs)
    own, matched, weights = [], [], []
    for (i, j, count), times in directions.items():
        kept, nearest = nearest_matches(distances(positions[i], positions[j]), count)
        own.append(kept + begins[i])
        matched.append(nearest + begins[j])
        weights += [times / (2 * len(pairs) * kept.shape[1])] * kept.shape[1]
    joined = (ops.concatenate(x, axis=1) for x in (own, matched))
    return (*joined, np.array(weights, "float32"))


def _check_places(places, centers):
    found, said = ([x.shape[1] for x in views] for views in (places, centers))
    if found != said:
        raise ValueError(
            f"The maps of the encoder have {found} places, a view each, and those of the data "
            f"{said}: set data.grid and data.small_grid."
        )
