"""Contractive autoencoders."""

import keras
from keras import ops

from mmssl.encoders import blocks
from mmssl.losses.contraction import estimated_contraction, sigmoid_contraction
from mmssl.methods.bases.autoencoder import Autoencoder, Error, decoder_of


class ContractiveAutoencoder(Autoencoder):
    """Contractive autoencoders (Rifai, Vincent, Muller, Glorot, Bengio 2011, ICML).

    Reconstructs an example from a code that changes little where the example does:

        loss = mean_b ( sum_j l_j + lambda |df/dx|^2 )

    f is the embedding, l_j the error of a value (see `Autoencoder`), lambda `contraction_weight`.
    For one sigmoid layer the squared Frobenius norm of the Jacobian is sum_k (h_k (1 - h_k))^2
    sum_i W_ik^2, exactly; for any other encoder it is estimated from one step in a random
    direction, |f(x + sigma u) - f(x)|^2 / sigma^2.

    Batch:
        <input>: the encoder's one input, such as `images` float32 (B, H, W, 3) in [0, 1].
        target: float32 (B, *target_shape), what is to be reconstructed.
        noise: float32 (B, *target_shape), u, standard normal; for the estimate.

    Across replicas: the statistics of batch norm.

    Args:
        encoder: keras.Model with one input, whose values are those of a target, or repeat them.
        target_shape: shape of a target, without the batch; it follows the data.
        decoder_widths: widths of the decoder's layers before the last, see
            `mmssl.decoders.reconstruction_decoder`.
        tied: go back through the encoder's dense layers, with their weights transposed. Without it
            the code may shrink at no cost, and the decoder grow.
        upsampling: see `mmssl.decoders.reconstruction_decoder`.
        error: see `Autoencoder`.
        contraction_weight: lambda, 0 or more.
        sigma: of the estimate, above 0.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, the encoder has several inputs, or no decoder leads
            from features to targets.
    """

    metric_names = ("reconstruction", "contraction")

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (28, 28, 1),
        decoder_widths: tuple[int, ...] = (),
        tied: bool = True,
        upsampling: int | None = None,
        error: Error = "cross_entropy",
        contraction_weight: float = 0.1,
        sigma: float = 0.1,
        **kwargs,
    ):
        if contraction_weight < 0 or sigma <= 0:
            raise ValueError(
                "ContractiveAutoencoder needs a contraction_weight from 0 and a sigma above 0; got "
                f"{contraction_weight} and {sigma}."
            )
        if len(encoder.input) != 1:
            raise ValueError(
                "ContractiveAutoencoder(encoder=...) needs one input, that it is to change little "
                f"with; {encoder.name} has {' and '.join(encoder.input)}."
            )
        weights = {"loss_weights": {"contraction": contraction_weight}, **kwargs}
        decoder = decoder_of(encoder, target_shape, decoder_widths, tied, upsampling)
        super().__init__(encoder, decoder, error, **weights)
        self.sigma = sigma
        self.layer = _only_sigmoid(encoder)

    def call(self, batch, training=False):
        outputs = super().call(batch, training)
        if self.layer is not None:
            return outputs
        ((name, _),) = self.encoder.input.items()
        near = {name: batch[name] + self.sigma * batch["noise"]}
        return {**outputs, "near": self.encode(near, training)["embedding"]}

    def loss_terms(self, batch, outputs, training):
        terms = super().loss_terms(batch, outputs, training)
        return {**terms, "contraction": ops.mean(self.contractions(outputs))}

    def contractions(self, outputs):
        """Computes the squared norm of the encoder's Jacobian, or its estimate.

        Args:
            outputs: dict that `call` returned.

        Returns:
            float32 (B,).
        """
        if self.layer is None:
            return estimated_contraction(outputs["near"], outputs["embedding"], self.sigma)
        return sigmoid_contraction(outputs["embedding"], self.layer.kernel)

    def compare(self, batches, targets):
        """Measures how far the embedding moves: the mean squared norm of the Jacobian.

        Returns:
            dict: `contraction`.
        """
        norms = [self.contractions(self.infer(batch)) for batch in batches]
        return {"contraction": float(ops.mean(ops.concatenate(norms)))}


def _only_sigmoid(encoder):
    """Returns the dense layer of an encoder that is one sigmoid layer, else None."""
    layers = [encoder.get_layer(name) for name in blocks(encoder)]
    dense = len(layers) == 1 and isinstance(layers[0], keras.layers.Dense)
    return layers[0] if dense and layers[0].activation is keras.activations.sigmoid else None
