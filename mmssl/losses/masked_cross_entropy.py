"""Cross-entropy at the masked positions (Devlin et al. 2019, arXiv 1810.04805)."""

import keras
from keras import ops


def masked_cross_entropy(logits, ids, weights):
    """Sums the weighted cross-entropies of the true ids.

    The caller divides by the sum of the weights, which with several replicas is that of the global
    batch.

    Args:
        logits: (..., V), unnormalized scores.
        ids: int32 (...), true classes in [0, V).
        weights: float32 (...), 0 for empty slots.

    Returns:
        Pair of float32 scalars: the weighted sum of the losses in nats, and the total weight of the
        positions where no score is above that of the true class.
    """
    logits = ops.cast(logits, "float32")
    losses = _cross_entropies(logits, ids)
    scores = ops.stop_gradient(logits)
    true = ops.take_along_axis(scores, ops.expand_dims(ids, -1), axis=-1)[..., 0]
    hits = ops.cast(true >= ops.max(scores, axis=-1), "float32")
    return ops.sum(weights * losses), ops.sum(weights * hits)


def _cross_entropies(logits, ids):
    """Computes -log softmax(logits)[ids], holding no more than the gradient in memory."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Under determinism, tf.nn takes the operation apart, since the kernel of GPUs adds up in no
        # fixed order. That of CPUs does.
        if not tf.config.list_logical_devices("GPU"):
            rows = tf.reshape(logits, (-1, logits.shape[-1]))
            losses, _ = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(
                features=rows, labels=tf.reshape(ids, (-1,))
            )
            return tf.reshape(losses, tf.shape(ids))
    return ops.sparse_categorical_crossentropy(ids, logits, from_logits=True)
