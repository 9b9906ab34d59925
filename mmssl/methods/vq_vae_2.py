"""VQ-VAE-2."""

import keras
from keras import ops

from mmssl.decoders import strided_residual_decoder, two_level_decoder
from mmssl.encoders.parts.residual_units import strided_units
from mmssl.layers import GridPooling, VectorQuantizer, straight_through
from mmssl.methods.bases.quantized import QuantizedAutoencoder
from mmssl.methods.bases.tokenizer import of_levels


class VQVAE2(QuantizedAutoencoder):
    """Vector-quantized autoencoding at two levels (Razavi et al. 2019, arXiv 1906.00446).

    The top level, half as fine, is made of the encoder's features h; the bottom level of the
    features and of what the top level's entries tell already; and the decoder sees both:

        z_top = top(h),                          q_top = nearest entry of z_top
        z_bottom = linear(h, decoded(q_top)),    q_bottom = nearest entry of z_bottom
        loss = |x - decoder(q_top, q_bottom)|^2 / var + beta sum_levels |z - sg(q)|^2

    Squares are means over all values, sg stops gradients, which pass q as if nothing had been
    replaced, and var is the variance of the data. The entries of each level follow the means of
    what they replace (see `mmssl.layers.VectorQuantizer`), or are trained, without a `momentum`.

    The encoder that is saved has q_bottom as its features, and averages of both levels over cells
    as its embedding.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, *target_shape), x.

    Across replicas: how often entries are used, the sums of what they replace, and what begins
    again.

    Args:
        encoder: keras.Model with a map of features of known, even sides.
        target_shape: shape of a target, without the batch; it follows the data.
        entries: K, of each level, 2 or more.
        entry_width: channels of an entry.
        momentum: see `VectorQuantizer`; None trains the entries.
        restart: see `VectorQuantizer`.
        commitment: beta, 0 or more.
        decoder_width: see `mmssl.decoders.two_level_decoder`, as for the next two; the top level's
            encoder and decoder have the same sizes.
        decoder_units: number of its residual units.
        decoder_unit_width: channels inside a unit.
        grid: cells per side of the maps whose averages the embedding concatenates.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or no decoder leads from features to targets.
    """

    levels = ("top", "bottom")

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (32, 32, 3),
        entries: int = 512,
        entry_width: int = 64,
        momentum: float | None = 0.99,
        restart: float = 1.0,
        commitment: float = 0.25,
        decoder_width: int = 128,
        decoder_units: int = 2,
        decoder_unit_width: int = 64,
        grid: int = 2,
        **kwargs,
    ):
        features = encoder.output["features"]
        _check_map(encoder, features.shape)
        height, width = features.shape[1:-1]
        sizes = (decoder_width, decoder_units, decoder_unit_width)
        places = {
            "top": keras.Input((height // 2, width // 2, entry_width)),
            "bottom": keras.Input((height, width, entry_width)),
        }
        decoder = two_level_decoder(*places.values(), tuple(target_shape), *sizes)
        super().__init__(encoder, decoder, commitment, momentum, **kwargs)
        coarser = keras.Input(features.shape[1:])
        found = strided_units(coarser, decoder_width, 1, *sizes[1:])
        self.top_encoder = keras.Model(coarser, found, name="top_encoder")
        self.top_decoder = strided_residual_decoder(
            places["top"], (height, width, entry_width), *sizes
        )
        joined = (None, height, width, features.shape[-1] + entry_width)
        self.head, self.quantizer = {}, {}
        for level, shape in (("top", found.shape), ("bottom", joined)):
            head = keras.layers.Dense(entry_width, dtype="float32", name=f"{level}_vectors")
            head.build(shape)
            quantizer = VectorQuantizer(entries, entry_width, momentum, restart, name=level)
            quantizer.build((None, *places[level].shape[1:]))
            self.head[level], self.quantizer[level] = head, quantizer
        self.grid = grid

    @property
    def code_shape(self):
        """Dict from level to (H, W)."""
        return {level: tuple(x.shape[1:-1]) for level, x in self.decoder.input.items()}

    def call(self, batch, training=False):
        """Encodes, quantizes both levels and decodes.

        Returns:
            dict of `vectors` and `quantized`, dicts from level to float32 (B, H, W, entry_width),
            `codes`, the same of int32 (B, H, W), and `outputs` (B, *target_shape).
        """
        features = self.encode(batch, training)["features"]
        found = self._quantized(features, straight_through if training else _replaced)
        outputs = self.decoder(found.pop("seen"), training=training)
        return {**found, "outputs": outputs}

    def _quantized(self, features, passed):
        """Quantizes the top level, and the bottom level beside what is decoded of it.

        Args:
            features: (B, H, W, C), of the encoder.
            passed: function of vectors and entries to what is seen of the entries.

        Returns:
            dict of `vectors`, `quantized`, `codes` and `seen`, each a dict from level.
        """
        vectors, found, seen = {}, {}, {}

        def quantize(level, inputs):
            vectors[level] = self.head[level](inputs)
            found[level] = self.quantizer[level](vectors[level])
            seen[level] = passed(vectors[level], found[level]["quantized"])

        quantize("top", self.top_encoder(features))
        told = ops.cast(self.top_decoder(seen["top"]), "float32")
        quantize("bottom", ops.concatenate([ops.cast(features, "float32"), told], axis=-1))
        parts = {name: of_levels(lambda x, n=name: x[n], found) for name in ("quantized", "codes")}
        return {"vectors": vectors, **parts, "seen": seen}

    def export_encoder(self):
        """Returns the encoder with its features quantized; layers are shared."""
        quantized = self._quantized(self.encoder.output["features"], _replaced)["quantized"]
        pools = [
            GridPooling(self.grid, name=f"{level}_pool", dtype="float32")(x)
            for level, x in quantized.items()
        ]
        embedding = keras.layers.Concatenate(name="codes_pool", dtype="float32")(pools)
        outputs = {"features": quantized["bottom"], "embedding": embedding}
        return keras.Model(self.encoder.input, outputs, name=f"{self.encoder.name}_quantized")

    def export_code_encoder(self):
        codes = self._quantized(self.encoder.output["features"], _replaced)["codes"]
        return keras.Model(self.encoder.input, codes, name=f"{self.encoder.name}_codes")


def _replaced(vectors, quantized):
    return quantized


def _check_map(encoder, shape):
    sides = shape[1:-1]
    if len(shape) != 4 or None in sides or any(side % 2 for side in sides):
        raise ValueError(
            f"VQVAE2(encoder=...) needs a map of features of known, even sides; {encoder.name} has "
            f"features {tuple(shape[1:])}."
        )
