"""Crops of several sizes through one encoder (multi-crop: Caron et al. 2020, arXiv 2006.09882)."""

from keras import ops

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


def _sizes(crop):
    return tuple((name, tuple(value.shape[1:])) for name, value in sorted(crop.items()))
