"""DALL-E: a transformer over captions and the codes of pictures."""

import keras
import numpy as np
from keras import ops

from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.counted import entropy
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.requirements import required_layer

TEXT, IMAGE = "text", "image"
WEIGHTS = {TEXT: 1 / 8, IMAGE: 7 / 8}


class DALLE(Pretrainer):
    """Prediction of a caption and of a picture's codes after it (Ramesh et al. 2021, 2102.12092).

    The transformer sees a token that begins the sequence, the caption y_1 ... y_L and the picture's
    codes z_1 ... z_N, row by row, and predicts each of them from what is before it:

        loss = 1/8 mean_l -log p(y_l | y_<l) + 7/8 mean_n -log p(z_n | y, z_<n)

    p(y) is a softmax over the V tokens and the L paddings, of which each position has its own, and
    p(z) one over the K codes: one over all of them in which the others are masked is the same.
    Both heads are zero at first, so that the loss begins at (ln(V + L) + 7 ln K) / 8. Padding is
    predicted, too. The codes come from a tokenizer that stays as it is, such as a VQ-VAE.

    Batch:
        token_ids, padding_mask: int32 (B, L), captions.
        codes: int32 (B, rows, columns), of the pictures.

    Across replicas: nothing but gradients.

    Args:
        encoder: keras.Model of `mmssl.encoders.dalle_encoder()`.
        loss_weights: see `Pretrainer`; `text` has 1/8, `image` 7/8.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is another one.
    """

    splits_batches = True
    metric_names = (TEXT, IMAGE, "accuracy")

    def __init__(
        self, encoder: keras.Model, loss_weights: dict[str, float] | None = None, **kwargs
    ):
        super().__init__(encoder, loss_weights={**WEIGHTS, **(loss_weights or {})}, **kwargs)
        use = "mmssl.encoders.dalle_encoder"
        texts = required_layer("DALLE", encoder, "text_ids", use)
        found = {"text_ids": texts.output, "features": encoder.output["features"]}
        self.captioned = keras.Model(encoder.input, found, name="captioned")
        self.length = texts.output.shape[1]
        self.heads = {
            TEXT: _head(encoder, "text_embedding", "text_head"),
            IMAGE: _head(encoder, "code_embedding", "image_head"),
        }

    def call(self, batch, training=False):
        """Predicts captions and codes.

        Returns:
            dict of `text_ids` int32 (B, L), padding numbered by its position, and the logits
            `text` float32 (B, L, V + L) and `image` float32 (B, N, K).
        """
        inputs = {name: batch[name] for name in self.encoder.input}
        found = self.captioned(inputs, training=training)
        features = found["features"]
        return {
            "text_ids": found["text_ids"],
            TEXT: self.heads[TEXT](features[:, : self.length]),
            IMAGE: self.heads[IMAGE](features[:, self.length : -1]),
        }

    def loss_terms(self, batch, outputs, training):
        rows = batch_total(batch, _rows)
        terms = {}
        for name, ids in ((TEXT, outputs["text_ids"]), (IMAGE, _raster(batch["codes"]))):
            share = ops.full(ops.shape(ids), 1.0 / ids.shape[1])
            loss, hits = masked_cross_entropy(outputs[name], ids, share)
            terms[name] = loss / rows
        self.update_metric("accuracy", hits / rows)
        return terms

    def validate(self, data):
        """Computes the nats of held-out captions and codes, and those with captions exchanged.

        Args:
            data: pipeline over the held-out items, such as mmssl.pipelines.pairs.CaptionedCodes.

        Returns:
            dict: `text_nats` per token of the caption, paddings included, and `image_nats` per
            code; `shuffled_nats` per code after the caption of another item that has another one;
            `unigram_nats`, the entropy of the same codes without context.
        """
        items = _joined(data.captioned_examples(data.source).as_numpy_iterator())
        other = other_captions(items["token_ids"])
        exchanged = {name: items[name][other] for name in ("token_ids", "padding_mask")}
        text, image = self._nats(items)
        _, shuffled = self._nats({**items, **exchanged})
        return {
            "text_nats": text,
            "image_nats": image,
            "shuffled_nats": shuffled,
            "unigram_nats": entropy(np.bincount(items["codes"].ravel())),
        }

    def _nats(self, items, batch_size=64):
        """Nats per token and per code of items, a dict of arrays."""
        sums, count = np.zeros(2), len(items["codes"])
        for first in range(0, count, batch_size):
            batch = {name: x[first : first + batch_size] for name, x in items.items()}
            outputs = self.infer(batch)
            targets = {TEXT: outputs["text_ids"], IMAGE: _raster(batch["codes"])}
            sums += [_cross_entropy(outputs[name], ids) for name, ids in targets.items()]
        return [float(x) for x in sums / count]


def other_captions(token_ids, seed=0):
    """Finds for each of some captions another item, drawn at random, whose caption is different.

    Args:
        token_ids: int array (N, L).
        seed: of the draws.

    Returns:
        int array (N,); where all captions are equal, each its own.
    """
    _, kinds = np.unique(token_ids, axis=0, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(kinds))
    kinds = kinds.ravel()[order]
    places = np.arange(len(order))
    found = places.copy()
    for step in range(1, len(order)):
        same = kinds[found] == kinds
        if not same.any():
            break
        found[same] = (places[same] + step) % len(order)
    other = np.empty_like(order)
    other[order] = order[found]
    return other


def _head(encoder, embedding, name):
    head = keras.layers.Dense(
        encoder.get_layer(embedding).input_dim,
        kernel_initializer="zeros",
        dtype="float32",
        name=name,
    )
    head.build(encoder.output["features"].shape)
    return head


def _raster(codes):
    return ops.reshape(codes, (-1, codes.shape[1] * codes.shape[2]))


def _rows(batch):
    return ops.cast(ops.shape(batch["codes"])[0], "float32")


def _cross_entropy(logits, ids):
    """Sums the mean cross-entropies of rows."""
    share = np.full(np.shape(ids), 1 / np.shape(ids)[1], "float32")
    return float(masked_cross_entropy(logits, ids, share)[0])


def _joined(batches):
    parts = list(batches)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
