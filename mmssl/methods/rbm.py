"""Restricted Boltzmann machines."""

import keras

from mmssl.methods.bases.boltzmann import BoltzmannPretrainer, Units
from mmssl.methods.bases.layerwise import dense_layers


class RBM(BoltzmannPretrainer):
    """Restricted Boltzmann machine (Smolensky 1986), by contrastive divergence (Hinton 2002).

    Lowers the free energy of examples v, and raises that of what k Gibbs sweeps make of them:

        loss = mean_b F(v) - mean_n F(v_k),    v_k constant
        F(v) = -b v - sum_j log(1 + exp(c_j + v W_j)),    for Gaussian units |v - b|^2 / 2 - ...

    Its gradient is that of contrastive divergence, or of persistent contrastive divergence
    (Tieleman 2008), where v_k are chains that go on from step to step. Its value is no likelihood.
    On TensorFlow a step takes the gradient from its closed form, without a tape. The visible biases
    begin at the log odds of the data's means.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, *target_shape), the values of a picture; the report shows them.
        noise: float32 (B, sweeps, N), standard normal, N being the number of all units.

    Across replicas: the chains, of which each replica moves its own rows.

    Args:
        encoder: keras.Model of one sigmoid layer, such as `mmssl.encoders.dense_encoder()`.
        visible: `binary` units, for values in [0, 1]; or `gaussian` ones with variance 1, for
            standardized values (`standardize` of the encoder).
        target_shape: shape of a target, without the batch; it follows the data.
        sweeps: k, 1 or more; it follows the data.
        persistent: let chains go on from step to step.
        chains: how many, the rows of a global batch; it follows the data.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has other layers.
    """

    def __init__(
        self,
        encoder: keras.Model,
        visible: Units = "binary",
        target_shape: tuple[int, ...] = (28, 28, 1),
        sweeps: int = 1,
        persistent: bool = False,
        chains: int = 64,
        **kwargs,
    ):
        count = len(dense_layers("RBM", encoder))
        if count != 1:
            raise ValueError(
                f"RBM(encoder=...) is one layer, not {count}: DeepBeliefNetwork trains several."
            )
        super().__init__(encoder, 1, visible, target_shape, sweeps, persistent, chains, **kwargs)
