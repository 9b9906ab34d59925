"""AMDIM."""

import keras
from keras import ops

from mmssl.encoders import blocks
from mmssl.losses.infomax import infomax_nce_terms
from mmssl.losses.parts.inputs import positive_number
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.held_out_images import first_images, highlight, sheet
from mmssl.methods.bases.joint_embedding import embedding_width
from mmssl.methods.bases.score_heads import score_head

REPORT_IMAGES = 12


class AMDIM(Pretrainer):
    """Augmented multiscale Deep InfoMax (Bachman, Hjelm, Buchwalter 2019, arXiv 1906.00910).

    The vector of one view as a whole must tell the places of the other view from those of all
    other pictures, at two scales, and so must the vector of one place at the coarse scale:

        loss = L(1 -> coarse) + L(1 -> fine) + L(coarse -> coarse) + penalty
        L(a -> b) = half the sum of both directions of
                    -mean_{i, l} log( exp(s_iil) / (exp(s_iil) + sum_{j != i, m} exp(s_ijm)) )
        s_ijl = c tanh(r_ijl / c),   r_ijl = source_i . target_jl / sqrt(D)
        penalty = w / 2 sum over all six of mean r^2

    The vector of the whole is the embedding; those of places come from blocks of the encoder, each
    through a residual layer. The source at the coarse scale is one place of each picture.

    Batch:
        images_1, images_2: float32 (B, size, size, 3) in [0, 1], mirrored alike.
        place_1, place_2: int32 (B,), the place of each view that is a source, row by row.

    Across replicas: the vectors of places, with gradients, and the statistics of batch norm.

    Args:
        encoder: keras.Model of `images`, whose places see a part of the picture each, such as
            `mmssl.encoders.amdim_encoder()`.
        coarse: places along each side of the coarse map, which the encoder's last block of this
            size makes.
        fine: places along each side of the fine map.
        places: coarse * coarse, which the data draw one of; taken from the data.
        clip: c, above 0.
        penalty: w, 0 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no map of a scale.
    """

    metric_names = (
        "whole_to_coarse",
        "whole_to_fine",
        "coarse_to_coarse",
        "penalty",
        "accuracy",
    )
    min_batch_size = 2

    def __init__(
        self,
        encoder: keras.Model,
        coarse: int = 5,
        fine: int = 7,
        places: int = 25,
        clip: float = 20.0,
        penalty: float = 0.05,
        **kwargs,
    ):
        positive_number(clip=clip)
        if penalty < 0:
            raise ValueError(f"AMDIM(penalty={penalty}) must be 0 or more.")
        if places != coarse**2:
            raise ValueError(
                f"AMDIM(coarse={coarse}) has {coarse**2} places, but data.places is {places}."
            )
        super().__init__(encoder, loss_weights={"penalty": penalty}, **kwargs)
        self.clip = clip
        self.fine = fine
        width = embedding_width(encoder)
        maps = {"coarse": _map_of(encoder, coarse), "fine": _map_of(encoder, fine)}
        self.maps_and_embedding = keras.Model(
            encoder.input, {**maps, "whole": encoder.output["embedding"]}
        )
        self.heads = {
            name: score_head(x.shape[-1], width, "batch", f"{name}_head")
            for name, x in maps.items()
        }

    def call(self, batch, training=False):
        """Encodes both views in one pass, so that they share batch statistics.

        Returns:
            dict of `whole` (2, B, D), `coarse` (2, B, coarse^2, D) and `fine` (2, B, fine^2, D),
            the first view first.
        """
        both = self.join(self.views(batch, 2))
        outputs = self.maps_and_embedding(both, training=training)
        vectors = {"whole": ops.reshape(outputs["whole"], (2, -1, outputs["whole"].shape[-1]))}
        for name, head in self.heads.items():
            _, height, width, channels = outputs[name].shape
            places = ops.reshape(outputs[name], (-1, height * width, channels))
            found = head(places, training=training)
            vectors[name] = ops.reshape(found, (2, -1, *found.shape[1:]))
        return vectors

    def loss_terms(self, batch, outputs, training):
        whole, coarse = outputs["whole"], outputs["coarse"]
        places = ops.stack([batch["place_1"], batch["place_2"]])[..., None, None]
        one = ops.take_along_axis(coarse, places, axis=2)[:, :, 0]
        sources = ops.stack([ops.cast(whole, "float32"), one], axis=1)
        # Each view's targets are those of the other.
        to_coarse = infomax_nce_terms(sources, ops.flip(coarse, axis=0)[:, None], self.clip)
        to_fine = infomax_nce_terms(whole, ops.flip(outputs["fine"], axis=0), self.clip)
        self.update_metric("accuracy", ops.mean(to_fine["accuracy"]))
        squares = ops.sum(to_coarse["square"]) + ops.sum(to_fine["square"])
        from_whole, from_coarse = ops.unstack(ops.mean(to_coarse["nce"], axis=0))
        return {
            "whole_to_coarse": from_whole,
            "whole_to_fine": ops.mean(to_fine["nce"]),
            "coarse_to_coarse": from_coarse,
            "penalty": squares / 2,
        }

    def report_images(self, data):
        """Draws pictures, lit where places score high with the picture's own vector.

        Args:
            data: mmssl.pipelines.images.PlaceViews over the pictures to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        images = first_images(data, REPORT_IMAGES)
        vectors = self.infer({"images_1": images, "images_2": images})
        scores = vectors["fine"][0] @ vectors["whole"][0][..., None]
        scores = scores.reshape(-1, self.fine, self.fine)
        caption = "Rows: pictures, and the same, bright where a place tells of the whole."
        return [("Places", caption, sheet([images, highlight(images, scores)]))]


def _map_of(encoder, side):
    """Finds the map of a size that the last block of this size makes."""
    outputs = [encoder.get_layer(name).output for name in blocks(encoder)]
    maps = [x for x in outputs if len(x.shape) == 4 and tuple(x.shape[1:3]) == (side, side)]
    if not maps:
        sizes = sorted({x.shape[1] for x in outputs if len(x.shape) == 4})
        raise ValueError(
            f"AMDIM needs a block with a map of {side} x {side}; those of {encoder.name} have "
            f"{', '.join(map(str, sizes)) or 'no maps'} along each side."
        )
    return maps[-1]
