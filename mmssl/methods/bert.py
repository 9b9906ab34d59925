"""Bidirectional encoder representations from transformers."""

import keras
import numpy as np
from keras import ops
from keras_hub.layers import MaskedLMHead

from mmssl.layers import approximate_gelu
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.requirements import required_layer

VALIDATION_BATCHES = 64


class BERT(Pretrainer):
    """Masked language model, next sentence (Devlin, Chang, Lee, Toutanova 2019, arXiv 1810.04805).

    A masked language model (MLM), whose logits are computed at the masked positions only and with
    the encoder's own token embedding, and a classifier on [CLS] that predicts whether the second
    segment actually follows the first (next sentence prediction, NSP):

        loss = sum_p w_p CE(masked_p) / sum_p w_p  +  mean_b CE(next_b)

    Batch:
        token_ids, padding_mask: int32 (B, L), `[CLS] A [SEP] B [SEP]`.
        masked_positions, masked_ids: int32 (B, P); masked_weights: float32 (B, P), 0 for empty
            slots.
        next_is_random: int32 (B,), 1 where the second segment does not follow the first; required
            with `next_sentence`.

    Across replicas: the sum of the weights.

    Args:
        encoder: keras.Model with a ReversibleEmbedding named `token_embedding`, such as
            `mmssl.encoders.bert_encoder()`.
        next_sentence: whether to train next sentence prediction as well.
        unigram_bias: initialize the output bias to the tokens' log frequencies, which an initial
            bias of zero, as in the paper, takes hundreds of steps to learn; for short runs.
        special_ids: ids of the special tokens, which are never predicted; `unigram_bias` does not
            count them.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder has no such layer.
    """

    splits_batches = True
    metric_names = ("mlm", "nsp", "mlm_accuracy", "nsp_accuracy")

    def __init__(
        self,
        encoder: keras.Model,
        next_sentence: bool = True,
        unigram_bias: bool = False,
        special_ids: tuple[int, ...] = (0, 1, 2, 3, 4),
        **kwargs,
    ):
        super().__init__(encoder, **kwargs)
        self.unigram_bias = unigram_bias
        self.special_ids = list(special_ids)
        self.next_sentence = next_sentence
        features = encoder.output["features"]
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        self.masked_language_model = MaskedLMHead(
            token_embedding=required_layer(
                "BERT", encoder, "token_embedding", "mmssl.encoders.bert_encoder"
            ),
            intermediate_activation=approximate_gelu,
            layer_norm_epsilon=1e-12,
            kernel_initializer=initializer,
            name="masked_language_model",
        )
        self.masked_language_model.build(features.shape, (None, None))
        if next_sentence:
            self.pooler = keras.layers.Dense(
                features.shape[-1], "tanh", kernel_initializer=initializer, name="pooler"
            )
            self.pooler.build((None, features.shape[-1]))
            self.next_head = keras.layers.Dense(
                2, kernel_initializer=initializer, name="next_sentence"
            )
            self.next_head.build((None, features.shape[-1]))

    def call(self, batch, training=False):
        features = self.encode(batch, training)["features"]
        outputs = {"token_logits": self.masked_language_model(features, batch["masked_positions"])}
        if self.next_sentence:
            outputs["next_logits"] = self.next_head(self.pooler(features[:, 0]))
        return outputs

    def loss_terms(self, batch, outputs, training):
        weights = batch["masked_weights"]
        # Of the global batch, so that a masked token has the same weight everywhere in it.
        total = batch_total(batch, lambda whole: ops.sum(whole["masked_weights"])) + 1e-5
        loss, hits = masked_cross_entropy(outputs["token_logits"], batch["masked_ids"], weights)
        self.update_metric("mlm_accuracy", hits / total)
        terms = {"mlm": loss / total}
        if self.next_sentence:
            labels = batch["next_is_random"]
            rows = ops.ones_like(labels, dtype="float32")
            loss, hits = masked_cross_entropy(outputs["next_logits"], labels, rows)
            self.update_metric("nsp_accuracy", hits / ops.sum(rows))
            terms["nsp"] = loss / ops.sum(rows)
        return terms

    def adapt(self, batches, count=256):
        """Estimates token frequencies from the data for `unigram_bias`.

        Args:
            batches: tf.data.Dataset of training batches.
            count: number of batches to use.
        """
        if not self.unigram_bias:
            return
        weights = self.masked_language_model.weights
        bias = next(weight for weight in weights if weight.name == "output_bias")
        counts = np.ones(bias.shape[0])
        for batch in batches.take(count):
            visible = batch["token_ids"].numpy()[batch["padding_mask"].numpy() > 0]
            counts += np.bincount(visible, minlength=len(counts))
        counts[self.special_ids] = 1
        bias.assign(np.log(counts / counts.sum()))

    def validate(self, data):
        """Computes the MLM loss on held-out text, and that of the best guess without context.

        Args:
            data: mmssl.pipelines.text.SentencePairs over the held-out texts.

        Returns:
            dict: `mlm_loss`, in nats per masked token, and `unigram_loss`, the loss on the same
            tokens of a model that knows only the token frequencies of the held-out text.
        """
        unigram = np.log(np.maximum(data.token_frequencies(), 1e-12))
        loss = guess = total = 0.0
        for batch in data.batches().take(min(len(data), VALIDATION_BATCHES)):
            ids, weights = batch["masked_ids"], batch["masked_weights"]
            logits = self.infer(batch)["token_logits"]
            loss += float(masked_cross_entropy(logits, ids, weights)[0])
            guess -= float(np.sum(unigram[ids] * weights))
            total += float(ops.sum(weights))
        return {"mlm_loss": loss / total, "unigram_loss": guess / total}
