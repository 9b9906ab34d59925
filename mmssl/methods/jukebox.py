"""Jukebox: levels of codes of sound, each with its own way there and back."""

import keras
import numpy as np
from keras import ops

from mmssl.decoders import mirrored_decoder
from mmssl.encoders import reach
from mmssl.layers import VectorQuantizer, straight_through
from mmssl.losses.largest_errors import largest_squared_errors
from mmssl.losses.multispectral import SIZES, multispectral_distance, multispectral_norm
from mmssl.methods.bases.code_networks import quantized_encoder
from mmssl.methods.bases.code_usage import usage_figures, usage_pictures
from mmssl.methods.bases.heard import PLAYED, played_pairs, signal_to_noise
from mmssl.methods.bases.held_out_images import spread_out
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.tokenizer import Tokenizer, code_table

LEAST = 1e-6  # variance and spectral norm of data that are silent
WEIGHTS = {"largest": 0.02, "spectral": 1.0, "commitment": 0.02}
OUTPUTS = "outputs"


class Jukebox(Tokenizer, Pretrainer):
    """Vector-quantized autoencoding of sound at several rates (Dhariwal et al. 2020, 2005.00341).

    Each level encodes the waveform itself, replaces its frames with the nearest of K entries of its
    own, and decodes these; no level sees another. Summed over the levels, the loss is

        |x - y|^2 / var + a max_k |x - y|^2 / var + b spectral(x, y) / norm + c |z - sg(q)|^2

    with y = decoder(z + sg(q - z)): the mean of squared errors, that of the `largest_count` largest
    ones of each example, the distance of spectrograms (see `mmssl.losses.multispectral_distance`),
    and the commitment, a mean over all values. var is the variance of the data, norm the mean
    length of their spectrograms. Entries follow what they replace (see
    `mmssl.layers.VectorQuantizer`).

    The encoder that is saved is that of the top level, with q as its features. What codes of all
    levels are decoded to is what those of the lowest one say.

    Batch:
        waveform: float32 (B, window) in [-1, 1].
        padding_mask: int32 (B, window), 1 for samples.

    Across replicas: how often entries are used, the sums of what they replace, and what begins
    again.

    Args:
        levels: encoders of `mmssl.encoders.dilated_residual_encoder` by the names of the levels,
            from the top, whose frames are longest, down.
        target_shape: (window,), samples of an example; it follows the data.
        entries: K, 2 or more, at each level.
        momentum: see `VectorQuantizer`, at least 0 and below 1.
        restart: see `VectorQuantizer`.
        largest_count: how many of the largest errors, 1 up to the window.
        resolutions: see `mmssl.losses.multispectral_distance`; at most twice the window.
        loss_weights: a of `largest`, 0.02, b of `spectral`, 1, and c of `commitment`, 0.02, where
            they are not given.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or frames do not get shorter from level to level.
    """

    splits_batches = False

    def __init__(
        self,
        levels: dict[str, keras.Model],
        target_shape: tuple[int, ...] = (8192,),
        entries: int = 2048,
        momentum: float = 0.99,
        restart: float = 1.0,
        largest_count: int = 2048,
        resolutions: tuple[tuple[int, int, int], ...] = SIZES,
        loss_weights: dict[str, float] | None = None,
        **kwargs,
    ):
        [window], hops = target_shape, {name: reach(x).hop for name, x in levels.items()}
        _check(hops, window, largest_count, resolutions)
        self.levels, self.hop = tuple(levels), max(hops.values())
        self.metric_names = ("reconstruction", *WEIGHTS, *self.usage_names())
        weights = {**WEIGHTS, **(loss_weights or {})}
        super().__init__(levels[self.levels[0]], weights, **kwargs)
        self.shapes = {name: (window // hop,) for name, hop in hops.items()}
        self.largest_count, self.resolutions = largest_count, tuple(map(tuple, resolutions))
        self.encoders = dict(levels)
        self.decoders = {name: mirrored_decoder(encoder) for name, encoder in levels.items()}
        self.quantizer = {
            name: _quantizer(encoder, entries, momentum, restart, f"quantizer_{name}")
            for name, encoder in levels.items()
        }
        state = {"initializer": "ones", "trainable": False, "autocast": False}
        self.variance = self.add_weight((), name="variance", **state)
        self.norm = self.add_weight((), name="norm", **state)

    @property
    def code_shape(self):
        """Shapes (T,) of the codes of an example, by level."""
        return dict(self.shapes)

    def call(self, batch, training=False):
        """Encodes, quantizes and decodes at each level.

        Returns:
            dict of `vectors`, `quantized` float32 (B, T, C), `codes` int32 (B, T) and `decoded`
            float32 (B, window), each a dict by level, and `outputs` (B, window), `decoded` of the
            lowest level.
        """
        each = [self._coded(level, batch, training) for level in self.levels]
        found = {
            name: dict(zip(self.levels, (x[name] for x in each), strict=True)) for name in each[0]
        }
        return {**found, OUTPUTS: each[-1]["decoded"]}

    def _coded(self, level, batch, training):
        inputs = {name: batch[name] for name in self.encoders[level].input}
        features = self.encoders[level](inputs, training=training)["features"]
        vectors = ops.cast(features, "float32")
        found = self.quantizer[level](vectors)
        seen = straight_through(vectors, found["quantized"]) if training else found["quantized"]
        return {
            "vectors": vectors,
            **found,
            "decoded": self.decoders[level](seen, training=training),
        }

    def loss_terms(self, batch, outputs, training):
        self.count_codes(outputs["codes"])
        errors = [self._errors(batch["waveform"], x) for x in outputs["decoded"].values()]
        terms = {name: sum(error[name] for error in errors) for name in errors[0]}
        return {**terms, **self.codebook_terms(outputs, training)}

    def _errors(self, target, found):
        found = ops.cast(found, "float32")
        largest = largest_squared_errors(target, found, self.largest_count)
        spectral = multispectral_distance(target, found, self.resolutions)
        return {
            "reconstruction": ops.mean(ops.square(target - found)) / self.variance,
            "largest": ops.mean(largest) / self.variance,
            "spectral": ops.mean(spectral) / self.norm,
        }

    def adapt(self, batches, examples=4096):
        """Computes the variance of the data and the mean length of their spectrograms.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: number of windows to use.
        """
        sums, seen, norms = np.zeros(3), 0, 0.0
        for batch in batches:
            waves = ops.convert_to_numpy(batch["waveform"]).astype("float64")
            sums += waves.size, waves.sum(), np.square(waves).sum()
            norms += float(ops.sum(multispectral_norm(waves, self.resolutions)))
            seen += len(waves)
            if seen >= examples:
                break
        count, total, squares = sums
        self.variance.assign(max(squares / count - (total / count) ** 2, LEAST))
        self.norm.assign(max(norms / seen, LEAST))

    def export_encoder(self):
        """Returns the encoder of the top level with its features quantized; layers are shared."""
        found = self.quantizer[self.levels[0]](self.encoder.output["features"])
        return quantized_encoder(self.encoder, found["quantized"])

    def decode(self, quantized):
        """Decodes entries: float32 array (B, T * hop), what those of the lowest level given say."""
        lowest = [level for level in self.levels if level in quantized][-1]
        return ops.convert_to_numpy(self.decoders[lowest](quantized[lowest], training=False))

    def export_code_encoder(self):
        """Returns the network from a waveform to the codes of each level; layers are shared."""
        inputs = self.encoder.input
        codes = {
            level: self.quantizer[level](_named(encoder, level)(inputs)["features"])["codes"]
            for level, encoder in self.encoders.items()
        }
        return keras.Model(inputs, codes, name="jukebox_codes")

    def export_code_decoder(self):
        """Returns the network from codes of each level to waveforms; entries are copied.

        Returns:
            keras.Model from int32 (B, T) by level to `outputs` float32 (B, T * hop), of the lowest
            level, and `outputs_<level>` of each of the others, which follow from its codes alone.
        """
        codes = {level: keras.Input((None,), dtype="int32", name=level) for level in self.levels}
        outputs = {}
        for level, given in codes.items():
            entries = code_table(self.quantizer[level].codebook, f"{level}_entries")(given)
            name = OUTPUTS if level == self.levels[-1] else f"{OUTPUTS}_{level}"
            outputs[name] = _named(self.decoders[level], level)(entries)
        return keras.Model(codes, outputs, name="code_decoder")

    def validate(self, data):
        """Measures reconstructions of held-out clips, and how many entries they take.

        Args:
            data: mmssl.pipelines.audio.WaveTargets over the held-out clips.

        Returns:
            dict: `snr_<level>`, the signal-to-noise ratio in dB of the samples inside of clips;
            `perplexity_<level>` and `used_<level>`, of the codes of all clips.
        """
        batches = list(data.fixed_elements(spread_out(data.source)).as_numpy_iterator())
        found = [self.infer(batch) for batch in batches]
        true, mask = (
            np.concatenate([batch[name] for batch in batches])
            for name in ("waveform", "padding_mask")
        )
        figures = usage_figures([out["codes"] for out in found], self.entries)
        for level in self.levels:
            decoded = np.concatenate([out["decoded"][level] for out in found])
            figures[f"snr_{level}"] = signal_to_noise(decoded, true, mask)
        return figures

    def report_images(self, data):
        """Draws how often each entry is used, a picture a level."""
        batches = data.fixed_elements(data.source).take(8).as_numpy_iterator()
        return usage_pictures([self.encode_indices(batch) for batch in batches], self.entries)

    def report_sounds(self, data):
        """Plays clips beside their reconstructions at each level."""
        batch = next(data.fixed_elements(data.source, PLAYED).as_numpy_iterator())
        return [("Reconstructions", played_pairs(batch, self.infer(batch)["decoded"]))]


def _named(network, level):
    """Returns a network by a name of its own beside those of other levels; layers are shared."""
    return keras.Model(network.input, network.output, name=f"{network.name}_{level}")


def _quantizer(encoder, entries, momentum, restart, name):
    frames = encoder.output["features"].shape
    made = VectorQuantizer(entries, frames[-1], momentum, restart, name=name)
    made.build(frames)
    return made


def _check(hops, window, largest_count, resolutions):
    ordered = [*hops.values()]
    if not hops or sorted(set(ordered), reverse=True) != ordered:
        raise ValueError(
            f"Jukebox(levels=...) go from long frames to short ones; got frames of {ordered} "
            "samples."
        )
    if window % ordered[0]:
        raise ValueError(
            f"data.window={window} must be a multiple of the longest frame, {ordered[0]} samples."
        )
    if not 1 <= largest_count <= window:
        raise ValueError(
            f"Jukebox(largest_count={largest_count}) must be 1 up to the {window} samples of a "
            "window."
        )
    if any(len(size) != 3 or size[0] > 2 * window for size in resolutions):
        raise ValueError(
            f"Jukebox(resolutions={[list(size) for size in resolutions]}) must be triples of "
            f"transform, hop and window, of at most {2 * window} samples, twice data.window."
        )
