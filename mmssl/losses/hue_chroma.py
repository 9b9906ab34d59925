"""Cross-entropy of hue and chroma (Larsson, Maire, Shakhnarovich 2017, arXiv 1703.04044)."""

from keras import ops


def hue_chroma_loss(hue_logits, chroma_logits, hue, chroma, hue_weight=5.0):
    """Computes the cross-entropy of the classes of hue and of chroma.

    The hue of a gray pixel is undefined, so that of a pixel weighs `hue_weight` times its chroma:

        hue loss = mean hue_weight * chroma * CE(hue),    chroma loss = mean CE(chroma)

    Args:
        hue_logits: (N, K), scores of K equal classes of hue.
        chroma_logits: (N, K), of chroma.
        hue: float32 (N,), in [0, 1], as of HSV.
        chroma: float32 (N,), in [0, 1].
        hue_weight: 0 or more.

    Returns:
        Two scalars, float32: the hue loss and the chroma loss.
    """
    of_hue = _cross_entropy(hue_logits, hue)
    return ops.mean(hue_weight * chroma * of_hue), ops.mean(_cross_entropy(chroma_logits, chroma))


def equal_classes(values, count):
    """Returns which of some equal classes values in [0, 1] are in, int32; 1 is in the last one."""
    return ops.cast(ops.floor(values * (count * 0.99999)), "int32")


def _cross_entropy(logits, values):
    logits = ops.cast(logits, "float32")
    labels = equal_classes(values, logits.shape[-1])
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
