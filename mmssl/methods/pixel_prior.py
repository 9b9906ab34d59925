"""PixelCNN as a prior over the codes of a tokenizer."""

import math

import numpy as np

from mmssl.methods.bases.counted import counted_bits
from mmssl.methods.bases.held_out_images import spread_out
from mmssl.methods.bases.raster import RasterModel

UPPER = "upper_codes"


class PixelPrior(RasterModel):
    """Prediction of each code from those before it (van den Oord et al. 2017, arXiv 1711.00937).

    The second stage of a tokenizer such as VQ-VAE: its map of codes is read row by row, and each
    code predicted by a softmax over all K entries:

        loss = -mean_{b, i} log p(c_{b,i} | c_{b,1}, ..., c_{b,i-1}, u_b)

    with u the codes of the level above, where there is one (Razavi, van den Oord, Vinyals 2019,
    arXiv 1906.00446). Codes that are drawn become a picture by the tokenizer's decoder.

    Batch:
        codes: int32 (B, H, W), 0 to K - 1.
        upper_codes: int32 (B, h, w), if the encoder is conditioned on them.

    Across replicas: nothing.

    Args:
        encoder: keras.Model of `mmssl.encoders.pixel_cnn_prior_encoder()`.
        head_width: channels of the first of the two layers that make logits of the features; None
            for as many as the features have.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is not masked, or `head_width` is below 1.
    """

    def symbols(self, batch):
        return batch["codes"][..., None]

    def validate(self, data):
        """Computes the code length of held-out codes, and that of simpler models.

        Args:
            data: mmssl.pipelines.codes.Codes over the held-out items.

        Returns:
            dict of bits a code: `bits_per_code`; `histogram_bits`, `position_bits` and
            `before_bits`, see `mmssl.methods.bases.counted`; and of a model that is told the level
            above `shuffled_bits`, where it is told that of another item.
        """
        batches = list(data.examples(spread_out(data.source)).as_numpy_iterator())
        true = np.concatenate([batch["codes"] for batch in batches])
        found = {"bits_per_code": self._bits(batches, true.size)}
        if UPPER in self.encoder.input:
            others = [{**batch, UPPER: np.roll(batch[UPPER], 1, axis=0)} for batch in batches]
            found["shuffled_bits"] = self._bits(others, true.size)
        return {**found, **counted_bits(true[..., None], self.levels)}

    def _bits(self, batches, codes):
        nats = sum(self.log_prob(batch).sum(dtype="float64") for batch in batches)
        return float(-nats / codes / math.log(2))
