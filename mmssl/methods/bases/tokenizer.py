"""What tokenizers share: inputs become codes, whole numbers, and codes become inputs again."""

import keras
from keras import ops

from mmssl.losses.code_diversity import code_perplexity

USAGE = ("perplexity", "used")  # metrics of each level


class Tokenizer:
    """A method whose encoder gives codes, of which its decoder makes the inputs again.

    It stands before a Pretrainer, as in `class VQVAE(Tokenizer, Autoencoder)`. What is here is that
    of an `encoder`, a linear `head`, a `quantizer` and a `decoder`, one after the other; a
    tokenizer of other parts overrides it. `call` returns `codes` among other things.

    A tokenizer of several levels has `levels`. Its codes, entries and their shapes are dicts from
    the name of a level to those of the level, as are `quantizer` and what `decoder` takes.

    Attributes:
        levels: names of the levels from the top down; () where there is one without a name.
        hop: samples of sound for each code of the top level; None for maps.
    """

    levels = ()
    hop = None

    @property
    def entries(self):
        """K, the number of different codes of each level."""
        quantizer = self.quantizer[self.levels[0]] if self.levels else self.quantizer
        return quantizer.entries

    @property
    def code_shape(self):
        """Shape of the codes of an example, (H, W) of a map and (T,) of a sequence."""
        return tuple(self.encoder.output["features"].shape[1:-1])

    def encode_indices(self, batch):
        """Encodes examples as codes.

        Args:
            batch: dict of the encoder's inputs.

        Returns:
            int32 array (B, *code_shape), from 0 to K - 1.
        """
        return self.infer(batch)["codes"]

    def lookup(self, codes):
        """Returns the entries of codes, int32 (B, *code_shape): float32 (B, *code_shape, D)."""
        return of_levels(_lookup, self.quantizer, codes)

    def decode(self, quantized):
        """Decodes entries: float32 array (B, ...), bit by bit the reconstruction of inference."""
        return ops.convert_to_numpy(self.decoder(quantized, training=False))

    def reconstruct(self, batch):
        """Encodes and decodes the examples of a batch: float32 array (B, ...)."""
        return ops.convert_to_numpy(self.infer(batch)["outputs"]).astype("float32")

    def usage_names(self):
        """Returns the names of the metrics that `count_codes` updates."""
        return tuple(_of(name, level) for level in self.levels or ("",) for name in USAGE)

    def count_codes(self, codes):
        """Updates the metrics of how evenly the codes of a batch are used, of all replicas."""
        for level, quantizer in by_level(self.quantizer).items():
            shares = quantizer.shares(by_level(codes)[level])
            perplexity, used = (_of(name, level) for name in USAGE)
            self.update_metric(perplexity, code_perplexity(shares[None])[0])
            self.update_metric(used, ops.sum(ops.cast(shares > 0, "float32")))

    def codebook_terms(self, outputs, training):
        """Computes the losses of vectors and entries, and moves entries that are not trained.

        Args:
            outputs: dict of `vectors`, `quantized` and `codes`, see `VectorQuantizer`.
            training: whether this is a training step.

        Returns:
            dict of `commitment`, and `codebook` where gradients train the entries; each is a sum
            over levels of means over all values.
        """
        held, trained = [], []
        for level, quantizer in by_level(self.quantizer).items():
            vectors, quantized, codes = (
                by_level(outputs[name])[level] for name in ("vectors", "quantized", "codes")
            )
            held.append(ops.mean(ops.square(vectors - ops.stop_gradient(quantized))))
            if quantizer.momentum is None:
                trained.append(ops.mean(ops.square(ops.stop_gradient(vectors) - quantized)))
            elif training:
                quantizer.update(vectors, codes)
        terms = {"commitment": sum(held)}
        return {**terms, "codebook": sum(trained)} if trained else terms

    def export_code_encoder(self):
        """Returns the network from inputs to codes; layers are shared.

        Returns:
            keras.Model from the encoder's inputs to `codes` int32 (B, *code_shape), or to such an
            output a level.
        """
        vectors = self.head(self.encoder.output["features"])
        outputs = {"codes": self.quantizer(vectors)["codes"]}
        return keras.Model(self.encoder.input, outputs, name=f"{self.encoder.name}_codes")

    def export_code_decoder(self):
        """Returns the network from codes to what they stand for; entries are copied.

        Returns:
            keras.Model from `codes` int32 (B, *code_shape), or such an input a level, to `outputs`
            float32 (B, ...), what `decode` gives of their entries.
        """
        shapes = self.code_shape if self.levels else {"codes": self.code_shape}
        if self.hop is not None:  # sound of any length
            shapes = dict.fromkeys(shapes, (None,))
        codes = {name: keras.Input(x, dtype="int32", name=name) for name, x in shapes.items()}
        tables = self.quantizer if self.levels else {"codes": self.quantizer}
        entries = {n: code_table(q.codebook, f"{n}_entries")(codes[n]) for n, q in tables.items()}
        outputs = self.decoder(entries if self.levels else entries["codes"])
        return keras.Model(codes, {"outputs": outputs}, name="code_decoder")


def by_level(value):
    """Returns a dict from the name of a level to its value; that of one alone is ""."""
    return value if isinstance(value, dict) else {"": value}


def of_levels(function, *values):
    """Calls a function with values, or with those of each level where they are dicts of levels."""
    if not isinstance(values[0], dict):
        return function(*values)
    return {level: function(*(value[level] for value in values)) for level in values[0]}


def code_table(codebook, name):
    """Returns a layer from codes to their entries.

    Args:
        codebook: float32 (K, D), copied.
        name: str.

    Returns:
        keras.layers.Embedding from int32 (...) to float32 (..., D).
    """
    table = keras.layers.Embedding(*codebook.shape, dtype="float32", name=name)
    table.build()
    table.embeddings.assign(codebook)
    return table


def _of(name, level):
    return f"{name}_{level}" if level else name


def _lookup(quantizer, codes):
    return quantizer.lookup(ops.convert_to_tensor(codes, "int32"))
