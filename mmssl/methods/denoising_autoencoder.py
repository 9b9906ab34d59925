"""Denoising autoencoders."""

import keras
from keras import ops

from mmssl.losses.reconstruction import reconstruction_error
from mmssl.methods.bases.autoencoder import Autoencoder, Error, decoder_of
from mmssl.methods.bases.reconstructed import like_target, psnr, restored_by_median


class DenoisingAutoencoder(Autoencoder):
    """Denoising autoencoders (Vincent, Larochelle, Lajoie, Bengio, Manzagol 2010, JMLR 11).

    Sees a corrupted example and reconstructs the clean one:

        loss = mean_b alpha sum_{j in J} l_j + beta sum_{j not in J} l_j
        l_j  = -x_j log z_j - (1 - x_j) log(1 - z_j)    or    (x_j - z_j)^2

    J are the values that were chosen to be corrupted, z = decoder(encoder(corrupted x)). Both
    weights are 1 in the plain loss; (1, 0) and (1, 0.5) are the paper's full and double emphasis.
    With Gaussian noise J are all values.

    Batch:
        <input>: the encoder's inputs, corrupted, such as `images` float32 (B, H, W, 3).
        target: float32 (B, *target_shape), clean, in [0, 1].
        corrupted: float32 (B, *target_shape), 1 for values in J, 0 elsewhere.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model of any modality.
        target_shape: shape of a target, without the batch; it follows the data.
        decoder_widths: widths of the decoder's layers before the last, see
            `mmssl.decoders.reconstruction_decoder`.
        tied: go back through the encoder's dense layers instead, with their weights transposed.
        upsampling: see `mmssl.decoders.reconstruction_decoder`.
        error: see `Autoencoder`.
        emphasis: alpha and beta, 0 or more, not both 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (28, 28, 1),
        decoder_widths: tuple[int, ...] = (),
        tied: bool = False,
        upsampling: int | None = None,
        error: Error = "cross_entropy",
        emphasis: tuple[float, float] = (1.0, 1.0),
        **kwargs,
    ):
        if min(emphasis) < 0 or max(emphasis) == 0:
            raise ValueError(
                "DenoisingAutoencoder(emphasis=...) must be two weights from 0, one of them above "
                f"0; got {tuple(emphasis)}."
            )
        decoder = decoder_of(encoder, target_shape, decoder_widths, tied, upsampling)
        super().__init__(encoder, decoder, error, **kwargs)
        self.emphasis = tuple(emphasis)

    def errors(self, batch, outputs):
        corrupted = ops.cast(batch["corrupted"], "float32")
        return reconstruction_error(
            batch["target"], outputs["outputs"], self.error, corrupted, self.emphasis
        )

    def compare(self, batches, targets):
        """Measures corrupted pictures as they are, and a median filter of them.

        Returns:
            dict: `corrupted_psnr` and `median_psnr`, the higher one of 3x3 and 5x5 pixels, both of
            pictures; empty for other modalities.
        """
        if "images" not in batches[0]:
            return {}
        channels = targets.shape[-1]
        seen = ops.convert_to_numpy(ops.concatenate([batch["images"] for batch in batches]))
        seen = like_target(seen, channels)
        return {
            "corrupted_psnr": psnr(seen, targets),
            "median_psnr": restored_by_median(seen, targets),
        }
