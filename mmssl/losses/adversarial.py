"""The two losses of adversarial training (Goodfellow et al. 2014, arXiv 1406.2661)."""

from keras import ops


def discriminator_loss(real, fake):
    """Averages `-log D(real) - log(1 - D(fake))`; 2 ln 2 where D is 1/2 everywhere.

    Args:
        real: logits of D for real examples, (B, ...).
        fake: logits of D for generated examples, (B, ...).

    Returns:
        Scalar float32, in nats.
    """
    real, fake = ops.cast(real, "float32"), ops.cast(fake, "float32")
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def generator_loss(fake):
    """Averages `-log D(fake)`, the non-saturating form; ln 2 where D is 1/2.

    Args:
        fake: logits of D for generated examples, (B, ...).

    Returns:
        Scalar float32, in nats.
    """
    return ops.mean(ops.softplus(-ops.cast(fake, "float32")))


def discriminator_accuracy(real, fake):
    """Computes D's balanced accuracy, weighting real and generated examples equally.

    Args:
        real: logits of D for real examples, (B, ...).
        fake: logits of D for generated examples, (B, ...).

    Returns:
        Scalar float32 in [0, 1].
    """
    hits = [ops.mean(ops.cast(real > 0, "float32")), ops.mean(ops.cast(fake < 0, "float32"))]
    return (hits[0] + hits[1]) / 2
