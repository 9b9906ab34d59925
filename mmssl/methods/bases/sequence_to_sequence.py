"""The base of methods in which a decoder writes what an encoder has read in another form."""

import keras
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases.held_out import target_losses
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.pretrainer import Pretrainer


class SequenceToSequence(Pretrainer):
    """Writes a text from left to right, given another that the encoder has read.

        loss = -(1 / sum_t m_t) sum_t m_t log p(y_t | y_<t, x)

    with x the encoder's text, y the target and m its padding mask. The decoder sees the target
    shifted by one: `start`, then all tokens but the last. The shift happens only here.

    Batch:
        token_ids, padding_mask: int32 (B, L), the encoder's text.
        target_ids, target_mask: int32 (B, M), the decoder's, 1 for tokens.

    Across replicas: the number of targets.

    Args:
        encoder: keras.Model of text with a ReversibleEmbedding named `token_embedding`.
        decoder: mmssl.decoders.text.TextDecoder on that embedding.
        start: token id that the decoder begins with.
        **kwargs: passed to Pretrainer.
    """

    splits_batches = True
    metric_names = ("nats", "accuracy")

    def __init__(self, encoder: keras.Model, decoder, start, **kwargs):
        super().__init__(encoder, **kwargs)
        self.decoder = decoder
        self.decoder = decoder
        self.decoder.build()
        self.start = start

    def call(self, batch, training=False):
        memory = self.encode(batch, training)["features"]
        before = ops.pad(batch["target_ids"][:, :-1], ((0, 0), (1, 0)), constant_values=self.start)
        features = self.decoder(before, memory, batch["padding_mask"], training=training)
        return self.decoder.logits(features)

    def loss_terms(self, batch, outputs, training):
        weights = _targets(batch)
        # Of the global batch, so that a target has the same weight everywhere in it.
        total = ops.maximum(batch_total(batch, lambda whole: ops.sum(_targets(whole))), 1.0)
        loss, hits = masked_cross_entropy(outputs, batch["target_ids"], weights)
        self.update_metric("accuracy", hits / total)
        return {"nats": loss / total}

    def validate(self, data):
        """Computes the loss on held-out text, and that of the best guess without context.

        Args:
            data: pipeline over the held-out texts.

        Returns:
            dict, see `mmssl.methods.bases.held_out`.
        """
        return target_losses(self, data, self.decoder.token_embedding.input_dim, "target_mask")


def _targets(batch):
    """Weights of what is predicted: 0 for padding."""
    return ops.cast(batch["target_mask"], "float32")
