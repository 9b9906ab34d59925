"""word2vec: word vectors from the words around each word."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.layers import VectorTable, in_blocks, neighbors, with_margins
from mmssl.losses.logistic import logistic_loss
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.requirements import required_layer


class Word2Vec(Pretrainer):
    """Word vectors (Mikolov, Chen, Corrado, Dean 2013, arXiv 1301.3781; and 1310.4546).

    A word w and a word c of its window are told from words of noise, with the vectors v of the
    encoder and a second table u, which starts at zero and is not deployed:

        pair(h, o) = - log sigmoid(u_o h) - sum_{i=1..k} log sigmoid(-u_{n_i} h),   n_i ~ P^(3/4)

        skip-gram:  mean over pairs of w and c, of pair(v_w, c)
        CBOW:       mean over words w, of pair(mean of all v_c, w)

    A word of noise that is o itself is left out of a pair. Those of a block of words are shared:
    each of its pairs counts all K of them, with the weight k / K, which has the same expectation
    as k of its own (Ji, Satish, Li, Dubey 2016, arXiv 1604.04661). With hierarchical softmax, u are
    the inner nodes of a Huffman tree and

        pair(h, o) = - sum_{nodes on the way to o} log sigmoid(sign u_node h)

    where skip-gram predicts w from each c, as the authors' code does.

    Batch (mmssl.pipelines.text.WordWindows):
        token_ids, padding_mask: int32 (B, L), words, frequent ones already left out.
        sentences: int32 (B, L), the number of a word's sentence, from 1; 0 for padding.
        radius: int32 (B, L), how many words away the window of each word ends.
        negatives: int32 (B, N, K), words of noise, for each of the N blocks of L / N words; or
        nodes: int32 (B, N, L / N, P) and signs: float32 of this shape, the way to each word, with
            the sign 0 after its end.

    Across replicas: the number of pairs.

    Args:
        encoder: keras.Model with a table of words named `token_embedding`, such as
            `mmssl.encoders.word_encoder()`.
        architecture: `skip_gram` or `cbow`.
        output: `negative_sampling` or `hierarchical_softmax`; follows the data.
        window: largest radius; follows the data.
        negatives: k, 1 or more.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has no such layer.
    """

    splits_batches = True
    sparse_gradients = True
    metric_names = ("nats",)

    def __init__(
        self,
        encoder: keras.Model,
        architecture: Literal["skip_gram", "cbow"] = "skip_gram",
        output: Literal["negative_sampling", "hierarchical_softmax"] = "negative_sampling",
        window: int = 5,
        negatives: int = 5,
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        check_choices(Word2Vec.__init__, architecture=architecture, output=output)
        if window < 1 or negatives < 1:
            raise ValueError(
                f"Word2Vec(window=..., negatives=...) must be 1 or more; got {window} and "
                f"{negatives}."
            )
        self.architecture, self.output_layer = architecture, output
        self.window, self.negatives = window, negatives
        self.words = required_layer(
            "Word2Vec", encoder, "token_embedding", "mmssl.encoders.word_encoder"
        )
        # Inner nodes of a tree are one fewer than words.
        self.outputs = VectorTable(
            self.words.input_dim,
            self.words.output_dim,
            embeddings_initializer="zeros",
            name="output_embedding",
        )
        self.outputs.build()

    def call(self, batch, training=False):
        """Scores pairs.

        Returns:
            Dict of true and false scores and the weights of both, four float32 tensors.
        """
        if self.output_layer == "hierarchical_softmax":
            return self._tree_scores(batch)
        return self._noise_scores(batch)

    def loss_terms(self, batch, outputs, training):
        # Of the global batch, so that a pair has the same weight everywhere in it.
        total = ops.maximum(batch_total(batch, self._count_pairs), 1.0)
        return {"nats": logistic_loss(**outputs) / total}

    def validate(self, data):
        """Evaluates the loss on held-out text, over one epoch of it.

        Args:
            data: mmssl.pipelines.text.WordWindows over the held-out texts.

        Returns:
            dict: `nats`, the loss per pair.
        """
        data.prepare()
        nats = pairs = 0.0
        for batch in data.batches().take(len(data)):
            outputs = self.infer(batch)
            nats += float(logistic_loss(**outputs))
            pairs += float(self._count_pairs(batch))
        return {"nats": nats / max(pairs, 1.0)}

    def _noise_scores(self, batch):
        near, own, around = self._places(batch)
        noise_ids, k = batch["negatives"], float(self.negatives)
        noise, share = self.outputs(noise_ids), k / noise_ids.shape[-1]
        if self.architecture == "cbow":
            centers, counted = _means(near, self.words(around))
            true = ops.sum(centers * self.outputs(own), axis=-1)
            hits = ops.cast(own[..., None] == noise_ids[:, :, None], "float32")
            weights = counted[..., None] * (1.0 - hits)
            counts = counted
        else:
            centers = self.words(own)
            true = _products(centers, self.outputs(around))
            hits = ops.cast(around[..., None] == noise_ids[:, :, None], "float32")
            weights = ops.sum(near, axis=-1, keepdims=True) - ops.matmul(near, hits)
            counts = near
        return {
            "true_scores": true,
            "true_weights": counts,
            "false_scores": _products(centers, noise),
            "false_weights": share * weights,
        }

    def _tree_scores(self, batch):
        near, _, around = self._places(batch)
        signs, contexts = batch["signs"], self.words(around)
        nodes = self.outputs(batch["nodes"])
        on_way = ops.abs(signs)
        if self.architecture == "cbow":
            centers, counted = _means(near, contexts)
            scores = ops.sum(nodes * centers[:, :, :, None], axis=-1)
            weights = on_way * counted[..., None]
        else:
            _, blocks, size, steps, width = nodes.shape
            flat = ops.reshape(nodes, (-1, blocks, size * steps, width))
            scores = ops.reshape(
                _products(flat, contexts), (-1, blocks, size, steps, contexts.shape[2])
            )
            weights = on_way[..., None] * near[:, :, :, None]
            signs = signs[..., None]
        none = ops.zeros((1,))
        return {
            "true_scores": signs * scores,
            "true_weights": weights,
            "false_scores": none,
            "false_weights": none,
        }

    def _places(self, batch):
        """Returns who is near whom, and the words of blocks and of blocks with their margins."""
        key = "nodes" if self.output_layer == "hierarchical_softmax" else "negatives"
        size = batch["token_ids"].shape[1] // batch[key].shape[1]
        near = neighbors(batch["radius"], batch["sentences"], size, self.window)
        own = in_blocks(batch["token_ids"], size)
        return near, own, with_margins(own, self.window)

    def _count_pairs(self, batch):
        near, _, _ = self._places(batch)
        if self.architecture == "cbow":
            near = ops.max(near, axis=-1)
        return ops.sum(near)


def _products(one, other):
    """Multiplies all vectors of a block with all others, (B, N, S, C) and (B, N, T, C)."""
    return ops.matmul(one, ops.swapaxes(other, -1, -2))


def _means(near, vectors):
    """Averages the neighbors of each place, (B, N, S, C); and whether it has any, (B, N, S)."""
    count = ops.sum(near, axis=-1)
    means = ops.matmul(near / ops.maximum(count, 1.0)[..., None], vectors)
    return means, ops.cast(count > 0, "float32")
