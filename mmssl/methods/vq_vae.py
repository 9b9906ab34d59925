"""VQ-VAE."""

import keras

from mmssl.layers import VectorQuantizer, straight_through
from mmssl.methods.bases.code_networks import decoder_of_codes, hop_of, quantized_encoder
from mmssl.methods.bases.quantized import QuantizedAutoencoder


class VQVAE(QuantizedAutoencoder):
    """Vector-quantized autoencoding (van den Oord, Vinyals, Kavukcuoglu 2017, arXiv 1711.00937).

    A linear map of the encoder's features gives a vector at each place, which is replaced with the
    nearest of K entries; the decoder sees only these, and gradients pass to the encoder as if
    nothing had been replaced:

        loss = |x - decoder(z + sg(q - z))|^2 / var + beta |z - sg(q)|^2 [+ |sg(z) - q|^2]

    Squares are means over all values, sg stops gradients, and var is the variance of the data. With
    a `momentum` the entries follow the means of what they replace, and entries that are not used
    begin again (see `mmssl.layers.VectorQuantizer`); without, the last term trains them.

    The encoder that is saved has q as its features. Its embedding is their averages over cells of a
    picture, and of sound it pools them as the given encoder does its own.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, *target_shape), x.

    Across replicas: how often entries are used, the sums of what they replace, and what begins
    again.

    Args:
        encoder: keras.Model with a map of features of a known size, or of sound with a sequence of
            them.
        target_shape: shape of a target, without the batch; it follows the data.
        entries: K, 2 or more.
        entry_width: channels of an entry.
        momentum: see `VectorQuantizer`; None trains the entries.
        restart: see `VectorQuantizer`.
        commitment: beta, 0 or more.
        decoder_width: see `mmssl.decoders.strided_residual_decoder`, as for the next two; of sound,
            `mmssl.decoders.dilated_residual_decoder`.
        decoder_units: number of its residual units.
        decoder_unit_width: channels inside a unit.
        grid: cells per side of a map whose averages the embedding concatenates.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (32, 32, 3),
        entries: int = 512,
        entry_width: int = 64,
        momentum: float | None = 0.99,
        restart: float = 1.0,
        commitment: float = 0.25,
        decoder_width: int = 256,
        decoder_units: int = 2,
        decoder_unit_width: int = 256,
        grid: int = 2,
        **kwargs,
    ):
        features = encoder.output["features"]
        sizes = (decoder_width, decoder_units, decoder_unit_width)
        decoder = decoder_of_codes("VQVAE", encoder, entry_width, tuple(target_shape), *sizes)
        self.hop, self.target_shape = hop_of(encoder), tuple(target_shape)
        super().__init__(encoder, decoder, commitment, momentum, **kwargs)
        self.head = keras.layers.Dense(entry_width, dtype="float32", name="vectors")
        self.head.build(features.shape)
        self.quantizer = VectorQuantizer(entries, entry_width, momentum, restart, name="quantizer")
        self.quantizer.build((*features.shape[:-1], entry_width))
        self.grid = grid

    def call(self, batch, training=False):
        """Encodes, quantizes and decodes.

        Returns:
            dict of `vectors` and `quantized` float32 (B, H, W, entry_width), of sound
            (B, T, entry_width), `codes` int32 without the last axis, and `outputs`
            (B, *target_shape).
        """
        vectors = self.head(self.encode(batch, training)["features"])
        found = self.quantizer(vectors)
        seen = straight_through(vectors, found["quantized"]) if training else found["quantized"]
        return {"vectors": vectors, **found, "outputs": self.decoder(seen, training=training)}

    @property
    def code_shape(self):
        """Shape of the codes of an example, (H, W) of a map and (T,) of a window of sound."""
        return super().code_shape if self.hop is None else (self.target_shape[0] // self.hop,)

    def export_encoder(self):
        """Returns the encoder with its features quantized; layers are shared."""
        vectors = self.head(self.encoder.output["features"])
        return quantized_encoder(self.encoder, self.quantizer(vectors)["quantized"], self.grid)
