"""XLNet: a language model over random orders of the tokens."""

import keras
from keras import ops

from mmssl.encoders.xlnet import embedded, memories_of, two_streams
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.held_out import target_losses
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.requirements import required_layer


class XLNet(Pretrainer):
    """Permutation language model (Yang et al. 2019, arXiv 1906.08237).

    Each target is predicted from the tokens that are no targets and from the targets before it in
    a random order z. A query stream g, which begins as one learned vector, knows a target's place
    but not the token; keys and values come from the content stream h, in which a target sees
    itself as well:

        loss = -(1 / P) sum_t log softmax(E g_t + b)_{x_t},   t the P targets

        g_t sees j if order_j < order_t;  h_i sees j if order_j <= order_i;  order is -1 for tokens
        that are no targets

    Tokens keep their places; the order is in the masks alone.

    Batch:
        token_ids, padding_mask: int32 (B, L).
        order: int32 (B, L), the place of each target in the order, from 0, and -1 for others.
        target_positions, target_ids: int32 (B, P); target_weights: float32 (B, P), 0 for empty
            slots.
        memory_ids, memory_mask: int32 (B, M), the text before; optional. All tokens see it, and it
            gets no gradient.

    Across replicas: the sum of the weights.

    Args:
        encoder: keras.Model of `mmssl.encoders.xlnet_encoder()`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: it is another encoder.
    """

    splits_batches = True
    metric_names = ("nats", "accuracy")

    def __init__(self, encoder: keras.Model, **kwargs):
        super().__init__(encoder, **kwargs)
        use = "mmssl.encoders.xlnet_encoder"
        for layer in ("token_embedding", "embedding_drop", "block_1"):
            required_layer("XLNet", encoder, layer, use)
        self.token_embedding = encoder.get_layer("token_embedding")
        width, size = self.token_embedding.output_dim, self.token_embedding.input_dim
        start = keras.initializers.RandomNormal(stddev=0.02)
        self.query = self.add_weight((1, 1, width), start, name="query")
        # Added to logits, which are in full precision.
        self.output_bias = self.add_weight((size,), "zeros", name="output_bias", autocast=False)

    def call(self, batch, training=False):
        order, positions = batch["order"], batch["target_positions"]
        there = batch["padding_mask"][:, None] > 0
        own = ops.take_along_axis(order, positions, axis=1)
        visible = ops.logical_and(order[:, None] <= order[:, :, None], there)
        query_visible = ops.logical_and(order[:, None] < own[:, :, None], there)
        x = embedded(self.encoder, batch["token_ids"], training)
        queries = ops.cast(ops.tile(self.query, (*ops.shape(positions), 1)), x.dtype)
        memories = None
        if "memory_ids" in batch:
            memories = memories_of(self.encoder, batch["memory_ids"], batch["memory_mask"])
            before = batch["memory_mask"][:, None] > 0
            visible = _beside(before, visible)
            query_visible = _beside(before, query_visible)
            positions = positions + ops.shape(batch["memory_ids"])[1]
        found = two_streams(
            self.encoder, x, visible, queries, query_visible, positions, memories, training
        )
        return self.token_embedding(found, reverse=True) + self.output_bias

    def loss_terms(self, batch, outputs, training):
        weights = batch["target_weights"]
        # Of the global batch, so that a target has the same weight everywhere in it.
        total = batch_total(batch, lambda whole: ops.sum(whole["target_weights"])) + 1e-5
        loss, hits = masked_cross_entropy(outputs, batch["target_ids"], weights)
        self.update_metric("accuracy", hits / total)
        return {"nats": loss / total}

    def validate(self, data):
        """Computes the loss on held-out text, and that of the best guess without context.

        Args:
            data: mmssl.pipelines.text.PermutedPassages over the held-out texts.

        Returns:
            dict, see `mmssl.methods.bases.held_out`.
        """
        return target_losses(self, data, self.token_embedding.input_dim, "target_weights")


def _beside(before, visible):
    """Lets every query see the memory as well: bool (B, L, M + S)."""
    rows, queries, _ = ops.shape(visible)
    before = ops.broadcast_to(before, (rows, queries, ops.shape(before)[-1]))
    return ops.concatenate([before, visible], axis=-1)
