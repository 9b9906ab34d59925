"""Crops of several sizes through one encoder (multi-crop: Caron et al. 2020, arXiv 2006.09882)."""

import re

from keras import ops

from mmssl.encoders import at_size

LARGE = 2  # crops that targets are computed from, the first ones in a batch


def embed_crops(encoder, crops, training=False):
    """Embeds crops, all those of the same size in one pass.

    Crops of the same size thus share batch statistics, as in the official code of SwAV and DINO.

    Args:
        encoder: functional keras.Model whose layers accept inputs of any size, such as
            convolutional encoders and `vit_encoder`.
        crops: list of dicts of encoder inputs, (B, ...) each.
        training: whether dropout and batch statistics are on.

    Returns:
        list of embeddings (B, D), one per crop, in the order of the crops.
    """
    groups = {}
    for index, crop in enumerate(crops):
        groups.setdefault(_sizes(crop), []).append(index)
    embeddings = [None] * len(crops)
    for group in groups.values():
        together = {
            name: ops.concatenate([crops[index][name] for index in group]) for name in encoder.input
        }
        # Its `call`, since calling the model itself would require the size that it was built for.
        embedded = encoder.call(together, training=training)["embedding"]
        for index, embedding in zip(group, ops.split(embedded, len(group)), strict=True):
            embeddings[index] = embedding
    return embeddings


def check_sizes(encoder, spec):
    """Checks that an encoder takes the pictures of every size in a batch.

    Args:
        encoder: functional keras.Model.
        spec: dict of `tf.TensorSpec`, the element of a dataset of batches.

    Raises:
        ValueError: it takes those of its own size only.
    """
    if list(encoder.input) != ["images"]:
        return
    own = encoder.input["images"].shape[1]
    sizes = {x.shape[1] for name, x in spec.items() if re.fullmatch(r"images(_\d+)?", name)}
    for size in sorted(sizes - {own}):
        try:
            at_size(encoder, size)
        except Exception:  # what a layer raises on a wrong shape is without number
            raise ValueError(
                f"{encoder.name} takes pictures of {own} pixels alone, but the batches have views "
                f"of {size}: set data.small_size {own}, or data.num_small_views 0."
            ) from None


def _sizes(crop):
    return tuple((name, tuple(value.shape[1:])) for name, value in sorted(crop.items()))
