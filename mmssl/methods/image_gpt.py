"""Image GPT: generative pretraining from pixels."""

import keras
import numpy as np
from keras import ops

from mmssl.encoders.parts import stages
from mmssl.losses.masked_cross_entropy import masked_cross_entropy
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.counted import entropy
from mmssl.methods.bases.held_out_images import sheet, spread_out
from mmssl.methods.bases.parts import batch_total
from mmssl.methods.bases.requirements import required_layer

REPORT_IMAGES = 12
ADAPTED = 2048  # images whose pixels the palette is learned from, and the most pixels
PIXELS = 2**18
GRAY = 0.5  # of masked pixels in pictures


class ImageGPT(Pretrainer):
    """Prediction of pixels as colors of a palette (Chen et al. 2020).

    A picture is the sequence of its pixels x_t, row by row, each the number of the nearest of K
    colors that k-means has found in the data. Of a causal encoder, whose features h_t are made of
    the pixels before t, all are predicted; of another, as in BERT, those of a set M that is drawn
    for each picture and hidden from the encoder:

        autoregressive   loss = -mean_b mean_t         log softmax(W h_t)_{x_t}
        BERT             loss = -mean_b mean_{t in M}  log softmax(W h_t)_{x_t}

    W is zero at first, so that the loss begins at ln K. The token of a hidden pixel is zero; its
    position is kept.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1].
        mask: int32 (B, size * size), for an encoder that is not causal: 1 at hidden pixels, at
            least one of each picture.

    Across replicas: nothing but gradients.

    Args:
        encoder: keras.Model of `mmssl.encoders.image_gpt_encoder()`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is another one.
    """

    splits_batches = True
    metric_names = ("nats", "accuracy")

    def __init__(self, encoder: keras.Model, **kwargs):
        super().__init__(encoder, **kwargs)
        self.palette = required_layer(
            "ImageGPT", encoder, "codes", "mmssl.encoders.image_gpt_encoder"
        )
        self.causal = any(layer.name == "start" for layer in encoder.layers)
        self.table = encoder.get_layer("tokens")
        self.positions, self.context = stages.positions(encoder), stages.context(encoder)
        self.head = keras.layers.Dense(
            self.palette.colors,
            use_bias=False,
            kernel_initializer="zeros",
            dtype="float32",
            name="head",
        )
        self.head.build(encoder.output["features"].shape)

    def call(self, batch, training=False):
        """Predicts the colors of pixels.

        Returns:
            dict of `codes` int32 (B, T), the pixels, and `logits` float32 (B, T, K).
        """
        codes = self.palette(batch["images"])
        mask = None if self.causal else batch["mask"]
        return {"codes": codes, "logits": self.of_codes(codes, mask, training)}

    def of_codes(self, codes, mask=None, training=False):
        """Predicts colors from numbers of colors.

        Args:
            codes: int32 (B, T).
            mask: int32 (B, T), 1 at hidden pixels; None hides none.
            training: whether this is a training step.

        Returns:
            float32 (B, T, K), logits.
        """
        tokens = self.table(codes)
        if mask is not None:
            tokens = tokens * ops.cast(1 - mask, tokens.dtype)[..., None]
        positioned = self.positions({"tokens": tokens}, training=training)
        return self.head(self.context(positioned, training=training)["features"])

    def loss_terms(self, batch, outputs, training):
        weights = self._weights(batch, outputs["codes"])
        loss, hits = masked_cross_entropy(outputs["logits"], outputs["codes"], weights)
        total = batch_total(batch, _rows)
        self.update_metric("accuracy", hits / total)
        return {"nats": loss / total}

    def _weights(self, batch, codes):
        """Weights of the pixels of each picture, float32 (B, T), that sum to 1."""
        hidden = ops.ones_like(codes) if self.causal else batch["mask"]
        hidden = ops.cast(hidden, "float32")
        return hidden / ops.sum(hidden, axis=1, keepdims=True)

    def adapt(self, batches):
        """Learns the palette by k-means from the pixels of training batches.

        Args:
            batches: tf.data.Dataset.
        """
        pixels, seen = [], 0
        for batch in batches:
            images = ops.convert_to_numpy(batch["images"])
            pixels.append(images.reshape(-1, 3))
            seen += len(images)
            if seen >= ADAPTED:
                break
        pixels = np.concatenate(pixels)
        self.palette.learn(pixels[:: -(-len(pixels) // PIXELS)])

    def validate(self, data):
        """Computes the nats of held-out pixels, and those of colors without context.

        Args:
            data: pipeline of pictures over the held-out items; of an encoder that is not causal,
                with `masked_examples`, whose masks stay the same.

        Returns:
            dict: `nats_per_pixel`, the loss; `unigram_nats`, the entropy of the colors of the same
            pictures.
        """
        nats, counts, pictures = 0.0, np.zeros(self.palette.colors), 0
        for batch in self._examples(data, spread_out(data.source)):
            outputs = self.infer(batch)
            weights = self._weights(batch, outputs["codes"])
            loss, _ = masked_cross_entropy(outputs["logits"], outputs["codes"], weights)
            nats += float(loss)
            pictures += len(outputs["codes"])
            counts += np.bincount(outputs["codes"].ravel(), minlength=len(counts))
        return {"nats_per_pixel": nats / pictures, "unigram_nats": entropy(counts)}

    def _examples(self, data, source, **options):
        return (data.examples if self.causal else data.masked_examples)(source, **options)

    def report_images(self, data):
        """Draws pictures, the same in the colors of the palette, and what is predicted of them.

        Args:
            data: see `validate`, over the items to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(iter(self._examples(data, data.source, batch_size=REPORT_IMAGES)))
        true, found = np.asarray(batch["images"]), self.infer(batch)
        likeliest = found["logits"].argmax(axis=-1)
        rows = {"the pictures": true, "their pixels in the palette": self.drawn(found["codes"])}
        if self.causal:
            rows["the likeliest color of each after those before it"] = self.drawn(likeliest)
        else:
            hidden = np.asarray(batch["mask"]).reshape(*true.shape[:3], 1) > 0
            rows["what the encoder sees"] = np.where(hidden, GRAY, self.drawn(found["codes"]))
            guessed = np.where(np.asarray(batch["mask"]) > 0, likeliest, found["codes"])
            rows["the likeliest colors of what is hidden"] = self.drawn(guessed)
        caption = f"Rows: {', '.join(rows)}. {self.palette.colors} colors."
        return [("Pixels and their prediction", caption, sheet(list(rows.values())))]

    def drawn(self, codes):
        """Turns numbers of colors int (B, T) into pictures float32 (B, size, size, 3) in [0, 1]."""
        size = self.encoder.input["images"].shape[1]
        colors = self.palette.lookup(codes).astype("float32") / 255
        return colors.reshape(-1, size, size, 3)


def _rows(batch):
    return ops.cast(ops.shape(batch["images"])[0], "float32")
