"""GPT: generative pre-training of a causal language model."""

import math

import keras
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.requirements import check_causal, required_layer

VALIDATION_WINDOWS = 2**15


class GPT(Pretrainer):
    """Prediction of the next token (Radford, Narasimhan, Salimans, Sutskever 2018).

    With the norms of GPT-2. From the tokens up to t, predicts token t + 1 with the encoder's own
    token embedding E:

        loss = -(1 / sum_t m_{t+1}) sum_t m_{t+1} log softmax(E h_t)_{x_{t+1}}

    with h the features and m the padding mask. The shift by one token happens only here: inputs are
    the first L tokens of a block, targets the last L.

    Batch:
        token_ids, padding_mask: int32 (B, L + 1).

    Across replicas: the number of targets.

    Args:
        encoder: keras.Model with causal features and a ReversibleEmbedding named
            `token_embedding`, such as `mmssl.encoders.gpt_encoder()`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder has no such layer.
    """

    splits_batches = True
    metric_names = ("nats", "accuracy")

    def __init__(self, encoder: keras.Model, **kwargs):
        super().__init__(encoder, **kwargs)
        required_layer("GPT", encoder, "token_embedding", "mmssl.encoders.gpt_encoder")

    def compile(self, *args, **kwargs):
        """Compiles the method; see Pretrainer.

        Raises:
            ValueError: a token of the encoder sees those after it.
        """
        check_causal("GPT", self.encoder)
        super().compile(*args, **kwargs)

    @property
    def token_embedding(self):
        """The encoder's token embedding, which also computes the logits."""
        return self.encoder.get_layer("token_embedding")

    def call(self, batch, training=False):
        inputs = {name: batch[name][:, :-1] for name in self.encoder.input}
        return self.logits(self.encode(inputs, training)["features"])

    def logits(self, features):
        """Computes the logits of every token of the vocabulary.

        Args:
            features: (..., width), the encoder's.

        Returns:
            float32 (..., V).
        """
        return self.token_embedding(features, reverse=True)

    def loss_terms(self, batch, outputs, training):
        weights = _targets(batch)
        # Of the global batch, so that a target has the same weight everywhere in it.
        total = ops.maximum(batch_total(batch, lambda whole: ops.sum(_targets(whole))), 1.0)
        loss, hits = masked_cross_entropy(outputs, batch["token_ids"][:, 1:], weights)
        self.update_metric("accuracy", hits / total)
        return {"nats": loss / total}

    def validate(self, data):
        """Evaluates the prediction of held-out text.

        Every token counts once, with at least half a block of context where the document has it;
        ends of documents do not count, since held-out texts may be parts of documents. Of texts
        with more than `VALIDATION_WINDOWS` half blocks, so many are measured, spread evenly.

        Args:
            data: mmssl.pipelines.text.TokenBlocks over the held-out texts.

        Returns:
            dict: `perplexity`, the exponential of the nats per token, which depends on the
            vocabulary, and `bits_per_character`, which does not.
        """
        nats = tokens = 0.0
        for batch in data.windows(most=VALIDATION_WINDOWS):
            targets, weights = batch["token_ids"][:, 1:], batch["weights"]
            nats += float(masked_cross_entropy(self.infer(batch), targets, weights)[0])
            tokens += float(weights.sum())
        return {
            "perplexity": math.exp(nats / tokens),
            "bits_per_character": nats / tokens * data.targets() / math.log(2) / data.characters,
        }


def _targets(batch):
    """Weights of what is predicted, all but the first of each example: 0 for padding."""
    return ops.cast(batch["padding_mask"][:, 1:], "float32")
