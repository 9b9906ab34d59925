"""Self-distillation by a centered, sharpened teacher (Caron et al. 2021, arXiv 2104.14294)."""

from keras import ops

from mmssl import distribution
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.swapped_prediction import swapped_cross_entropy


def dino_loss(student, teacher, center, student_temperature=0.1, teacher_temperature=0.04):
    """Matches the student's distribution on each crop to the teacher's on another crop.

        -mean_{i, v != i} mean_b sum_k P_i log softmax(student_v / T_s)
        P_i = softmax((teacher_i - center) / T_t)

    Centering keeps any one class from dominating, and sharpening, T_t < T_s, keeps the distribution
    from becoming uniform. No gradient reaches teacher or center. A uniform student has a loss of
    log K.

    Args:
        student: list of logits (B, K), of all crops, the global ones first.
        teacher: list of logits (B, K), of the global crops.
        center: (K,), from `dino_center`; initially zeros.
        student_temperature: T_s, above 0.
        teacher_temperature: T_t, above 0; a number or a scalar tensor.

    Returns:
        Scalar float32 in nats, the mean over this replica's rows.

    Raises:
        ValueError: a temperature is not above 0, or the crops form no pair.
    """
    positive_number(
        student_temperature=student_temperature, teacher_temperature=teacher_temperature
    )
    center = ops.cast(center, "float32")
    sharpened = [(ops.cast(x, "float32") - center) / teacher_temperature for x in teacher]
    targets = [ops.stop_gradient(ops.softmax(x)) for x in sharpened]
    return swapped_cross_entropy(targets, student, student_temperature)


def dino_center(center, teacher, momentum=0.9):
    """Updates the center, an exponential moving average of the teacher's mean logits.

    Args:
        center: float32 (K,).
        teacher: list of logits (B, K), of the global crops.
        momentum: in [0, 1].

    Returns:
        float32 (K,), `momentum * center + (1 - momentum) * mean`, the mean over crops, rows and
        replicas, without gradients.

    Raises:
        ValueError: the momentum is out of range.
    """
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1]; got {momentum}.")
    means = [ops.mean(ops.cast(x, "float32"), axis=0) for x in teacher]
    mean = distribution.mean(ops.stop_gradient(sum(means) / len(means)))
    return momentum * center + (1 - momentum) * mean
