"""What a method that predicts tokens reaches on held-out text."""

import numpy as np
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases.counted import entropy

BATCHES = 64  # at most, of the held-out text


def target_losses(method, data, vocabulary_size, weights):
    """Computes the loss on held-out text, and that of the best guess without context.

    Args:
        method: Pretrainer whose `call` returns logits (B, P, V) of `target_ids`.
        data: pipeline over the held-out texts.
        vocabulary_size: V.
        weights: key of the batch with the weights of the targets, 0 for those that do not count.

    Returns:
        dict: `target_loss`, in nats per target, and `unigram_loss`, the loss on the same tokens of
        a model that knows only how often each of them is a target there.
    """
    loss, counts = 0.0, np.zeros(vocabulary_size)
    for batch in data.batches().take(min(len(data), BATCHES)):
        ids, counted = batch["target_ids"], ops.cast(batch[weights], "float32")
        loss += float(masked_cross_entropy(method.infer(batch), ids, counted)[0])
        counts += np.bincount(np.ravel(ids), np.ravel(counted), len(counts))
    return {"target_loss": float(loss / counts.sum()), "unigram_loss": entropy(counts)}
