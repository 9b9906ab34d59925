"""PixelRNN and PixelCNN: pictures, pixel by pixel."""

import math

import numpy as np
from keras import ops

from mmssl.methods.bases.counted import counted_bits, png_bits
from mmssl.methods.bases.held_out_images import highlight, sheet, spread_out
from mmssl.methods.bases.raster import RasterModel

REPORT_IMAGES = 12


class PixelRNN(RasterModel):
    """Prediction of each pixel from those before it (van den Oord et al. 2016, arXiv 1601.06759).

    Pictures are read row by row, from left to right, red before green before blue; each intensity
    is one of L levels, predicted by a softmax over all of them:

        loss = -mean_{b, i} log p(x_{b,i} | x_{b,1}, ..., x_{b,i-1})

    The sum over a picture is its exact log-likelihood. The encoder decides what of the pixels
    before is seen, and how: masked convolutions are PixelCNN, `row_lstm_encoder` is the Row LSTM,
    `diagonal_bilstm_encoder` the Diagonal BiLSTM.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1].
        intensities: int32 (B, size, size, C), their levels, 0 to L - 1; C is 1 for gray pictures.

    Across replicas: nothing.

    Args:
        encoder: keras.Model of `mmssl.encoders.pixel_cnn_encoder()`, `row_lstm_encoder()` or
            `diagonal_bilstm_encoder()`.
        head_width: channels of the first of the two layers that make logits of the features; None
            for as many as the features have.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: the encoder is none of these, or `head_width` is too small.
    """

    def symbols(self, batch):
        return batch["intensities"]

    def validate(self, data):
        """Computes the code length of held-out pictures, and that of simpler models.

        Those count how often levels occur in all of these pictures but the one that is coded.

        Args:
            data: mmssl.pipelines.images.IntensityCrops over the held-out pictures.

        Returns:
            dict of bits a dimension, an intensity of a channel of a pixel: `bits_per_dimension`;
            `histogram_bits` with one histogram a channel, `position_bits` with one at each place,
            `before_bits` given the pixel before; `png_bits`, all pictures as one PNG file.
        """
        batches = list(data.fixed_elements(spread_out(data.source)).as_numpy_iterator())
        found = np.concatenate([self.log_prob(batch) for batch in batches])
        true = np.concatenate([batch["intensities"] for batch in batches])
        bits = -found.sum(dtype="float64") / true.size / math.log(2)
        pixels = true if true.shape[-1] == 3 else true[..., 0]
        return {
            "bits_per_dimension": float(bits),
            **counted_bits(true, self.levels),
            "png_bits": png_bits(pixels),
        }

    def report_images(self, data):
        """Draws pictures, and which of their pixels took many bits.

        Args:
            data: see `validate`, over the items to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        batch = next(data.fixed_elements(data.source, REPORT_IMAGES).as_numpy_iterator())
        nats = ops.convert_to_numpy(self.nats(batch, self.infer(batch))).mean(axis=-1)
        white = np.ones_like(batch["images"])
        caption = (
            f"Rows: pictures of {self.levels} levels, and bits of each pixel: bright where it was "
            f"not foreseen. On average {nats.mean() / math.log(2):.2f} bits a dimension."
        )
        return [
            ("What was not foreseen", caption, sheet([batch["images"], highlight(white, nats)]))
        ]
