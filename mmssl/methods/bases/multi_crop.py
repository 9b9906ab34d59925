"""Crops of several sizes through one encoder (multi-crop: Caron et al. 2020, arXiv 2006.09882)."""

from keras import ops

LARGE = 2  # crops that targets are made of, the first ones in a batch


def embed_crops(encoder, crops, training=False):
    """Embeds crops, those of one size in one pass.

    So crops of one size share their batch statistics, as in the official codes.

    Args:
        encoder: functional keras.Model whose layers take inputs of any size, as convolutions do,
            and `vit_encoder`.
        crops: list of dicts of encoder inputs, (B, ...) each.
        training: whether dropout and batch statistics are on.

    Returns:
        list of embeddings (B, D), one a crop, in the order of the crops.
    """
    places = {}
    for place, crop in enumerate(crops):
        places.setdefault(_sizes(crop), []).append(place)
    embeddings = [None] * len(crops)
    for group in places.values():
        together = {
            name: ops.concatenate([crops[place][name] for place in group]) for name in encoder.input
        }
        # Its `call`: calling the model itself would insist on the size that it was built for.
        embedded = encoder.call(together, training=training)["embedding"]
        for place, embedding in zip(group, ops.split(embedded, len(group)), strict=True):
            embeddings[place] = embedding
    return embeddings


def _sizes(crop):
    return tuple((name, tuple(value.shape[1:])) for name, value in sorted(crop.items()))
