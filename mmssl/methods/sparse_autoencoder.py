"""Sparse autoencoders."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.encoders import blocks
from mmssl.losses.sparsity import sparsity_divergence
from mmssl.methods.bases.autoencoder import Autoencoder, Error, decoder_of

ACTIVE = 0.1  # activation above which a unit counts as active


class SparseAutoencoder(Autoencoder):
    """Sparse autoencoders (Ng 2011, CS294A lecture notes; Lee, Ekanadham, Ng 2008).

    Reconstructs an example from a code in which each unit is rarely active:

        loss = mean_b sum_j l_j + beta sum_k KL(rho || mean_b h_k)
        or     mean_b sum_j l_j + beta mean_b sum_k |h_k|

    h is the embedding, l_j the error of a value (see `Autoencoder`), beta `sparsity_weight`, and
    KL(rho || q) = rho log(rho / q) + (1 - rho) log((1 - rho) / (1 - q)). The notes' decay of the
    weights is `fit.weight_decay`.

    Batch:
        <input>: the encoder's inputs, such as `images` float32 (B, H, W, 3) in [0, 1].
        target: float32 (B, *target_shape), what is to be reconstructed.

    Across replicas: with the divergence the mean activations, with gradients; the statistics of
    batch norm.

    Args:
        encoder: keras.Model of any modality; for the divergence its last block ends in a sigmoid,
            as of `mmssl.encoders.dense_encoder(activation="sigmoid")`.
        target_shape: shape of a target, without the batch; it follows the data.
        decoder_widths: widths of the decoder's layers before the last, see
            `mmssl.decoders.reconstruction_decoder`.
        tied: go back through the encoder's dense layers instead, with their weights transposed.
        upsampling: see `mmssl.decoders.reconstruction_decoder`.
        error: see `Autoencoder`.
        penalty: `divergence` from the target activation, or `l1`.
        sparsity_weight: beta, 0 or more.
        target_activation: rho, in (0, 1); of the divergence.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, activations may leave (0, 1), or no decoder leads
            from features to targets.
    """

    metric_names = ("reconstruction", "sparsity", "mean_activation", "active")

    def __init__(
        self,
        encoder: keras.Model,
        target_shape: tuple[int, ...] = (28, 28, 1),
        decoder_widths: tuple[int, ...] = (),
        tied: bool = False,
        upsampling: int | None = None,
        error: Error = "squared",
        penalty: Literal["divergence", "l1"] = "divergence",
        sparsity_weight: float = 3.0,
        target_activation: float = 0.05,
        **kwargs,
    ):
        check_choices(SparseAutoencoder.__init__, penalty=penalty)
        if sparsity_weight < 0 or not 0 < target_activation < 1:
            raise ValueError(
                "SparseAutoencoder needs a sparsity_weight from 0 and a target_activation between "
                f"0 and 1; got {sparsity_weight} and {target_activation}."
            )
        if penalty == "divergence":
            _check_sigmoid(encoder)
        weights = {"loss_weights": {"sparsity": sparsity_weight}, **kwargs}
        decoder = decoder_of(encoder, target_shape, decoder_widths, tied, upsampling)
        super().__init__(encoder, decoder, error, **weights)
        self.penalty = penalty
        self.target_activation = target_activation
        self.splits_batches = penalty == "l1"

    def loss_terms(self, batch, outputs, training):
        code = ops.cast(outputs["embedding"], "float32")
        self.update_metric("mean_activation", ops.mean(code))
        self.update_metric("active", ops.mean(ops.cast(ops.abs(code) > ACTIVE, "float32")))
        if self.penalty == "l1":
            sparsity = ops.mean(ops.sum(ops.abs(code), axis=-1))
        else:
            sparsity = sparsity_divergence(code, self.target_activation)
        return {**super().loss_terms(batch, outputs, training), "sparsity": sparsity}


def _check_sigmoid(encoder):
    """Checks that an encoder's embedding lies between 0 and 1."""
    last = encoder.get_layer(blocks(encoder)[-1]) if blocks(encoder) else None
    if getattr(last, "activation", None) is not keras.activations.sigmoid:
        raise ValueError(
            "SparseAutoencoder(penalty='divergence') needs activations between 0 and 1, as of "
            f"dense_encoder(activation='sigmoid'); those of {encoder.name} may be others: set "
            "penalty to l1."
        )
