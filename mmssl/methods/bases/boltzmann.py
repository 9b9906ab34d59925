"""The base class of restricted Boltzmann machines, one or several on top of each other."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl import distribution
from mmssl.choices import check_choices
from mmssl.layers import Standardize
from mmssl.losses.free_energy import free_energy, free_energy_gradient
from mmssl.losses.reconstruction import reconstruction_error
from mmssl.methods.bases.boltzmann_figures import figures, pictures
from mmssl.methods.bases.inference import first_outputs
from mmssl.methods.bases.layerwise import Layerwise, below, dense_layers
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.unit_noise import drawn

Units = Literal["binary", "gaussian"]
START = 0.01  # standard deviation of the first weights
LEAST_SHARE = 0.01  # of the examples in which a unit is on, and off
LEAST_DEVIATION = 0.05  # that Gaussian values are divided by


class BoltzmannPretrainer(Layerwise, Pretrainer):
    """Restricted Boltzmann machines of the dense layers of an encoder, of which one is trained.

    The hidden units of a machine are those of a sigmoid layer, the visible ones what it sees:

        loss = mean_b F(v) - mean_n F(v_k),    v_k constant

    v_k is what k Gibbs sweeps make of v, or of chains that go on from step to step. The value of
    this is no likelihood; its gradient is that of contrastive divergence. On TensorFlow a step
    takes it from its closed form, without a tape.

    Args:
        encoder: keras.Model whose blocks are dense layers with sigmoids.
        stage: number of the layer to train, from 1.
        visible: units of the first machine: `binary`, or `gaussian` with variance 1.
        target_shape: shape of what the first machine sees; it follows the data.
        sweeps: k, 1 or more; it follows the data.
        persistent: let chains go on from step to step (persistent contrastive divergence).
        chains: how many, the rows of a global batch; it follows the data.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder has other layers.
    """

    metric_names = ("contrastive_divergence", "reconstruction")
    splits_batches = True

    def __init__(
        self,
        encoder: keras.Model,
        stage: int,
        visible: Units,
        target_shape: tuple[int, ...],
        sweeps: int,
        persistent: bool,
        chains: int,
        **kwargs,
    ):
        name = type(self).__name__
        check_choices(BoltzmannPretrainer.__init__, visible=visible)
        if sweeps < 1 or chains < 1:
            raise ValueError(f"{name} needs sweeps and chains from 1; got {sweeps} and {chains}.")
        # Energies are sums of many terms: their weights are not to be cast to bfloat16.
        super().__init__(encoder, dtype="float32", **kwargs)
        layers = dense_layers(name, encoder)
        if any(layer.activation is not keras.activations.sigmoid for layer in layers):
            raise ValueError(f"{name}(encoder=...) needs sigmoids: activation='sigmoid'.")
        self.moments = next((x for x in encoder.layers if isinstance(x, Standardize)), None)
        if (visible == "gaussian") != (self.moments is not None):
            raise ValueError(
                f"{name}(visible={visible!r}): Gaussian units see standardized values, binary ones "
                "values in [0, 1]: set standardize of the encoder to "
                f"{str(visible == 'gaussian').lower()}."
            )
        self.units = visible if stage == 1 else "binary"
        self.visible, self.target_shape = visible, tuple(target_shape)
        self.sweeps, self.persistent = sweeps, persistent
        self.layers_up, self.layer = layers, layers[stage - 1]
        self.below = below(encoder, self.layer)
        draw = keras.initializers.RandomNormal(stddev=START)
        for layer in layers:
            layer.kernel.assign(draw(layer.kernel.shape))
        widths = [layer.kernel.shape[0] for layer in layers]
        self.visible_biases = [
            self.add_weight(shape=(width,), initializer="zeros", name=f"visible_bias_{number}")
            for number, width in enumerate(widths, start=1)
        ]
        self.visible_bias = self.visible_biases[stage - 1]
        self.train_only([self.layer, self.visible_bias])
        if persistent:
            self.splits_batches = False
            self.chains = self.add_weight(
                shape=(chains, widths[stage - 1]),
                initializer=keras.initializers.RandomUniform(0.0, 1.0),
                trainable=False,
                name="chains",
            )

    def parameters(self):
        """Returns weights, visible and hidden biases of the machine that is trained."""
        return self.layer.kernel, self.visible_bias, self.layer.bias

    def call(self, batch, training=False):
        """Runs the Gibbs chains.

        Returns:
            dict of `visible` (B, V), the examples, and `fantasies` (B, V), what the chains are at.
        """
        inputs = {name: batch[name] for name in self.encoder.input}
        visible = ops.cast(self.below(inputs, training=training), "float32")
        state = ops.stop_gradient(visible)
        if self.persistent and training:
            state = self._own_chains(ops.shape(visible)[0])
        for sweep in range(self.sweeps):
            state = self.sweep(state, batch["noise"][:, sweep])
        return {"visible": visible, "fantasies": ops.stop_gradient(state)}

    def sweep(self, visible, noise):
        """Draws hidden states given visible ones, and visible states given those.

        Args:
            visible: float32 (B, V).
            noise: float32 (B, N), standard normal, N being H + V or more.

        Returns:
            float32 (B, V).
        """
        kernel, visible_bias, hidden_bias = self.parameters()
        hidden = ops.sigmoid(ops.matmul(visible, kernel) + hidden_bias)
        count, width = hidden.shape[-1], visible.shape[-1]
        states = drawn(hidden, noise[:, :count])
        inputs = ops.matmul(states, ops.transpose(kernel)) + visible_bias
        own = noise[:, count : count + width]
        return inputs + own if self.units == "gaussian" else drawn(ops.sigmoid(inputs), own)

    def _own_chains(self, rows):
        first = distribution.first_row(rows)
        chains = ops.convert_to_tensor(self.chains)
        return ops.slice(chains, (first, 0), (rows, chains.shape[1]))

    def loss_terms(self, batch, outputs, training):
        visible, fantasies = outputs["visible"], ops.stop_gradient(outputs["fantasies"])
        if self.persistent and training:
            self.chains.assign(distribution.gather(fantasies))
        self.update_metric("reconstruction", ops.mean(self.errors(ops.stop_gradient(visible))))
        energies = (free_energy(x, *self.parameters(), self.units) for x in (visible, fantasies))
        data, model = map(ops.mean, energies)
        return {"contrastive_divergence": data - model}

    def errors(self, visible):
        """Sums the errors of examples that go up and down once, without draws: float32 (B,)."""
        kernel, visible_bias, hidden_bias = self.parameters()
        hidden = ops.sigmoid(ops.matmul(visible, kernel) + hidden_bias)
        inputs = ops.matmul(hidden, ops.transpose(kernel)) + visible_bias
        error = "squared" if self.units == "gaussian" else "cross_entropy"
        return reconstruction_error(visible, inputs, error)

    def gradients(self, loss_of, part):
        """Computes loss and gradients without a tape."""
        outputs = self(part, training=True)
        loss = loss_of(x=part, y_pred=outputs, training=True) / self.accumulate
        ends = (outputs["visible"], outputs["fantasies"])
        data, model = (free_energy_gradient(x, *self.parameters(), self.units) for x in ends)
        weight = self.loss_weights.get("contrastive_divergence", 1.0) / self.accumulate
        scale = self.optimizer.scale_loss(distribution.scale_loss(weight))
        found = {
            id(variable): scale * (up - down)
            for variable, up, down in zip(self.parameters(), data, model, strict=True)
        }
        return loss, [found[id(variable)] for variable in self.trainable_weights]

    def adapt(self, batches, examples=4096):
        """Sets the visible biases to the log odds of the data's means, and Gaussian moments.

        Args:
            batches: tf.data.Dataset of training batches.
            examples: number of them to use.
        """
        values = first_outputs(self.below, batches, examples)
        if self.units == "gaussian":
            raw = values * np.asarray(self.moments.deviation) + np.asarray(self.moments.mean)
            self.moments.set_moments(raw.mean(0), np.maximum(raw.std(0), LEAST_DEVIATION))
            return
        shares = np.clip(values.mean(axis=0), LEAST_SHARE, 1 - LEAST_SHARE)
        self.visible_bias.assign(np.log(shares / (1 - shares)))

    def reconstruct(self, batch):
        """Sends examples up to the layer that is trained, and down again, without draws.

        Args:
            batch: dict of tensors.

        Returns:
            float array (B, *target_shape).
        """
        x = self.below({name: batch[name] for name in self.encoder.input})
        x = self.layer(x)
        top = self.layers_up.index(self.layer)
        for level in range(top, -1, -1):
            kernel = ops.transpose(self.layers_up[level].kernel)
            x = ops.matmul(ops.cast(x, "float32"), kernel) + self.visible_biases[level]
            x = x if level == 0 and self.visible == "gaussian" else ops.sigmoid(x)
        if self.moments is not None:
            x = x * self.moments.deviation + self.moments.mean
        return ops.convert_to_numpy(x).reshape(-1, *self.target_shape)

    def validate(self, data):
        """Measures held-out items.

        Args:
            data: pipeline over the held-out items, with `fixed_elements`.

        Returns:
            dict: `psnr` and `mean_psnr`, see `Autoencoder.validate`; `reconstruction_error`, of the
            machine that is trained; and, with 16 hidden units or fewer, `log_likelihood`, the exact
            one in nats an item, and `log_partition`.
        """
        return figures(self, data)

    def report_images(self, data):
        """Draws reconstructions, and the weights of hidden units of the first machine.

        Args:
            data: pipeline over the items to show, with `fixed_elements`.

        Returns:
            list of two (title, caption, uint8 (H, W, 3)).
        """
        return pictures(self, data)
