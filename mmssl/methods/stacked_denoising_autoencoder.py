"""Stacked denoising autoencoders."""

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.decoders import tied_decoder
from mmssl.losses.reconstruction import reconstruction_error
from mmssl.methods.bases.autoencoder import Autoencoder, Error
from mmssl.methods.bases.layerwise import Layerwise, below, check_stage, dense_layers
from mmssl.methods.bases.unit_noise import Corruption, corrupted


class StackedDenoisingAutoencoder(Autoencoder, Layerwise):
    """Stacked denoising autoencoders (Vincent et al. 2010, JMLR 11).

    Layer s of the encoder learns to reconstruct the clean code of the layer below from a corrupted
    one; then the whole stack is fine-tuned through all decoders:

        loss of stage s <= L = mean_b sum_j l(h_{s-1}, g_s(f_s(corrupt_s(h_{s-1}))))_j
        loss of stage L + 1  = mean_b sum_j l(x, g_1(... g_L(f_L(... f_1(corrupt_1(x))))))_j

    h_0 = x, h_s = f_s(h_{s-1}) without noise, f_s being layer s of L and g_s the way back through
    its weights, with biases of its own. l is the error of a value, for codes the cross-entropy
    where layers end in a sigmoid, else the squared error. The layers below s stay as they are.

    A run of stage s trains the stages before it first, each in a folder of its own, unless
    `fit.initial_weights` names a run to begin with.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1], clean.
        target: float32 (B, *target_shape), what is to be reconstructed of them.
        noise: float32 (B, 1, N), standard normal, which decides what is corrupted; N being the
            largest number of values of a layer, or more.

    Across replicas: nothing.

    Args:
        encoder: keras.Model of dense layers, such as `mmssl.encoders.dense_encoder()`.
        target_shape: shape of a target, without the batch; it follows the data.
        stage: number of the layer that is trained, from 1; that after the last fine-tunes all.
        corruption: `masking`, `salt_and_pepper` or `gaussian`.
        amounts: share of the values that are corrupted, or standard deviation of the noise, at the
            input of each layer; the last one is for all further layers.
        error: of the first layer's values, see `Autoencoder`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has other layers.
    """

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (28, 28, 1),
        stage: int = 1,
        corruption: Corruption = "masking",
        amounts: tuple[float, ...] = (0.1, 0.2, 0.3),
        error: Error = "cross_entropy",
        **kwargs,
    ):
        name = type(self).__name__
        check_choices(StackedDenoisingAutoencoder.__init__, corruption=corruption)
        if not amounts or min(amounts) < 0 or (corruption != "gaussian" and max(amounts) > 1):
            raise ValueError(
                f"{name}(amounts=...) must be 0 or more, and shares at most 1; got {amounts}."
            )
        layers = dense_layers(name, encoder)
        check_stage(name, stage, len(layers) + 1)
        super().__init__(encoder, tied_decoder(layers[:1], target_shape), error, **kwargs)
        self.layers_up, self.stage, self.last = layers, stage, len(layers) + 1
        self.corruption, self.amounts = corruption, tuple(amounts)
        above = [tied_decoder([layer], (layer.kernel.shape[0],)) for layer in layers[1:]]
        self.decoders = [self.decoder, *above]
        self.start = below(encoder, layers[0])
        self.below = self.start if stage == self.last else below(encoder, layers[stage - 1])
        if stage < self.last:
            self.train_only([layers[stage - 1], self.decoders[stage - 1]])

    def call(self, batch, training=False):
        """Corrupts what the trained layer sees, encodes and decodes it.

        Returns:
            dict of `clean` (B, D), what it sees without corruption, and `outputs`, those of the
            decoder.
        """
        inputs = {name: batch[name] for name in self.encoder.input}
        clean = ops.stop_gradient(ops.cast(self.below(inputs), "float32"))
        tuned = self.stage == self.last
        amount = self.amounts[0 if tuned else min(self.stage, len(self.amounts)) - 1]
        noise = batch["noise"][:, 0, : clean.shape[-1]]
        noisy = corrupted(clean, noise, self.corruption, amount)
        if tuned:
            return {"clean": clean, "outputs": self._down(self._up(noisy))}
        code = self.layers_up[self.stage - 1](noisy)
        return {"clean": clean, "outputs": self.decoders[self.stage - 1](code)}

    def _up(self, values):
        """Encodes values (B, D) without noise, by the layers that are trained so far."""
        for layer in self.layers_up[: self.stage]:
            values = layer(values)
        return values

    def _down(self, code):
        """Decodes the code of the highest of these layers to outputs (B, *target_shape)."""
        highest = min(self.stage, self.last - 1)
        for level in range(highest - 1, 0, -1):
            code = self.layers_up[level - 1].activation(self.decoders[level](code))
        return self.decoders[0](code)

    def errors(self, batch, outputs):
        if self.stage in (1, self.last):
            return reconstruction_error(batch["target"], outputs["outputs"], self.error)
        seen = self.layers_up[self.stage - 2].activation
        error = "cross_entropy" if seen is keras.activations.sigmoid else "squared"
        return reconstruction_error(outputs["clean"], outputs["outputs"], error)

    def reconstruct(self, batch):
        """Sends clean examples up to the highest layer that is trained so far, and down again.

        Args:
            batch: dict of tensors; `target` and `noise` are not looked at.

        Returns:
            float32 array (B, *target_shape).
        """
        values = self.start({name: batch[name] for name in self.encoder.input})
        return self.values(self._down(self._up(values)))
