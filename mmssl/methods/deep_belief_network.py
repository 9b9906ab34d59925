"""Deep belief networks."""

import keras

from mmssl.methods.bases.boltzmann import BoltzmannPretrainer, Units
from mmssl.methods.bases.layerwise import check_stage, dense_layers


class DeepBeliefNetwork(BoltzmannPretrainer):
    """Greedy training of a deep belief network (Hinton, Osindero, Teh 2006, Neural Computation 18).

    Each layer of the encoder is the hidden side of a restricted Boltzmann machine, which sees the
    probabilities of the layer below; they are trained one after the other, each as in `RBM`:

        loss of stage s = mean_b F_s(v) - mean_n F_s(v_k),    v = sigmoid(c_{s-1} + ... W_{s-1})

    A run of stage s trains the stages before it first, unless `fit.initial_weights` names a run to
    begin with. The stack initializes an encoder, for `mmssl finetune`.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1].
        target: float32 (B, *target_shape), the values of a picture; the report shows them.
        noise: float32 (B, sweeps, N), standard normal, N being the units of two neighboring layers.

    Across replicas: the chains, of which each replica moves its own rows.

    Args:
        encoder: keras.Model of sigmoid layers, such as `mmssl.encoders.dense_encoder()`.
        stage: number of the layer that is trained, from 1 to that of all layers.
        visible: units of the first machine, see `RBM`; all others are binary.
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
        stage: int = 1,
        visible: Units = "binary",
        target_shape: tuple[int, ...] = (28, 28, 1),
        sweeps: int = 1,
        persistent: bool = False,
        chains: int = 64,
        **kwargs,
    ):
        check_stage("DeepBeliefNetwork", stage, len(dense_layers("DeepBeliefNetwork", encoder)))
        super().__init__(
            encoder, stage, visible, target_shape, sweeps, persistent, chains, **kwargs
        )
