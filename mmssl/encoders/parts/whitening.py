"""An encoder whose embedding is whitened."""

from dataclasses import dataclass

import keras
import numpy as np

from mmssl.layers import Whiten

LAYER = "whiten"


@dataclass(frozen=True, eq=False)
class Whitening:
    """A mean and directions that vectors are measured from and along.

    Attributes:
        mean: float32 (D,).
        kernel: float32 (D, K), a direction a column, divided by the standard deviation along it.
    """

    mean: np.ndarray
    kernel: np.ndarray

    def __call__(self, vectors):
        """Whitens vectors: float32 (N, D) to float32 (N, K)."""
        return (vectors - self.mean) @ self.kernel


def whitened(encoder, whitening):
    """Puts a whitening behind the embedding of an encoder; the layers are shared, not copied.

    Args:
        encoder: keras.Model with the outputs `features` and `embedding`.
        whitening: Whitening of as many dimensions as the embedding.

    Returns:
        keras.Model with the same inputs and `features`; `embedding` is (B, K).

    Raises:
        ValueError: the embedding has another number of dimensions.
    """
    outputs = dict(encoder.output)
    width, (expected, components) = outputs["embedding"].shape[-1], whitening.kernel.shape
    if width != expected:
        raise ValueError(
            f"The whitening is of vectors of {expected} dimensions; the embedding of "
            f"{encoder.name} has {width}."
        )
    layer = Whiten(components, name=LAYER, dtype="float32")
    outputs["embedding"] = layer(outputs["embedding"])
    layer.set_weights([whitening.mean, whitening.kernel])
    return keras.Model(encoder.input, outputs, name=encoder.name)


def unwhitened(encoder):
    """Takes the whitening off an encoder.

    Args:
        encoder: keras.Model with the outputs `features` and `embedding`.

    Returns:
        Pair of the plain encoder and its Whitening; of the same encoder and None where there is
        none.
    """
    layer = next((layer for layer in encoder.layers if isinstance(layer, Whiten)), None)
    if layer is None:
        return encoder, None
    outputs = {**encoder.output, "embedding": layer.input}
    plain = keras.Model(encoder.input, outputs, name=encoder.name)
    return plain, Whitening(*layer.get_weights())
