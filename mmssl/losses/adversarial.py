"""The two losses of adversarial training (Goodfellow et al. 2014, arXiv 1406.2661), and others."""

from keras import ops

SMALL, MOST = 1e-4, 1e4  # beside the divisor of an adaptive weight, and the largest one


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


def hinge_discriminator_loss(real, fake):
    """Averages `max(0, 1 - D(real))` and `max(0, 1 + D(fake))`; 1 where D is 0 everywhere.

    Args:
        real: outputs of D for real examples, (B, ...).
        fake: outputs of D for generated examples, (B, ...).

    Returns:
        Scalar float32, half of the sum of both means.

    Reference:
        Lim, Ye 2017, arXiv 1705.02894.
    """
    real, fake = ops.cast(real, "float32"), ops.cast(fake, "float32")
    return (ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))) / 2


def linear_generator_loss(fake):
    """Averages `-D(fake)`, what the generator's part is beside the hinge loss of D.

    Args:
        fake: outputs of D for generated examples, (B, ...).

    Returns:
        Scalar float32.
    """
    return -ops.mean(ops.cast(fake, "float32"))


def adaptive_weight(of_reconstruction, of_adversary):
    """Computes how much an adversarial loss weighs beside that of reconstruction.

        w = min(|g| / (|h| + 1e-4), 1e4)

    so that both move one kernel, the last of the generator, by as much.

    Args:
        of_reconstruction: float32 tensor, g, the gradient of that loss at the kernel.
        of_adversary: float32 tensor of the same shape, h, the gradient of the adversarial loss.

    Returns:
        Scalar float32, 0 to 1e4, through which no gradient flows.

    Reference:
        Esser, Rombach, Ommer 2021, arXiv 2012.09841.
    """
    lengths = [ops.sqrt(ops.sum(ops.square(g))) for g in (of_reconstruction, of_adversary)]
    return ops.stop_gradient(ops.minimum(lengths[0] / (lengths[1] + SMALL), MOST))


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
