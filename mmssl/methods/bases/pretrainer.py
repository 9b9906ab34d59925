"""The base class of all methods."""

import keras
from keras import ops

from mmssl import distribution


class Pretrainer(keras.Model):
    """A self-supervised method around an encoder, trained by `fit` on batches that are dicts.

    A subclass builds its heads in the constructor, runs the student in `call(batch, training)` and
    returns its named losses from `loss_terms(batch, outputs, training)`, both in `keras.ops`. The
    names it reports stand in the class attribute `metric_names`; `norm_sensitive` says whether its
    loss sees how long the vectors are that it compares, or their directions alone.

    Args:
        encoder: functional keras.Model with outputs `features` and `embedding`.
        loss_weights: dict from the name of a loss term to its weight; 1 for those not named.
        **kwargs: passed to keras.Model.

    Raises:
        ValueError: the encoder is no such model, or a weight is for no term.
    """

    metric_names = ()
    norm_sensitive = False

    def __init__(
        self, encoder: keras.Model, loss_weights: dict[str, float] | None = None, **kwargs
    ):
        # The encoder casts for itself: sounds and pictures reach it in float32 here as anywhere.
        super().__init__(autocast=False, **kwargs)
        if not isinstance(encoder, keras.Model) or not isinstance(encoder.output, dict):
            raise ValueError(
                f"{type(self).__name__}(encoder=...) takes a functional keras.Model whose outputs "
                f"are named features and embedding; got {encoder!r}."
            )
        self.encoder = encoder
        self.loss_weights = dict(loss_weights or {})
        unknown = set(self.loss_weights) - set(self.metric_names)
        if unknown:
            raise ValueError(
                f"loss_weights names {', '.join(sorted(unknown))}; {type(self).__name__} has "
                f"{', '.join(self.metric_names)}."
            )
        self._means = {name: keras.metrics.Mean(name) for name in self.metric_names}

    def encode(self, batch, training=False):
        """Runs the encoder on those entries of a batch that it takes.

        Args:
            batch: dict of tensors that holds at least the encoder's inputs.
            training: whether dropout and batch statistics are on.

        Returns:
            dict with `features` and `embedding`.
        """
        return self.encoder({name: batch[name] for name in self.encoder.input}, training=training)

    def export_encoder(self):
        """The encoder that is saved, probed and exported: the student's, if not the teacher's.

        Returns:
            functional keras.Model with the inputs and outputs of `encoder`, whose weights follow
            the training.
        """
        return self.encoder

    def projection_model(self):
        """Returns the network whose output the loss compares, where that is not the embedding.

        An embedding may look sound when what is made from it for the loss has collapsed.

        Returns:
            functional keras.Model with the inputs of `encoder` and an output `embedding`, or None.
        """
        return None

    def finalize(self):
        """Brings `export_encoder()` level with the last step, where it is a step behind.

        `fit` and a run do so when they end; training may go on afterwards. Called twice, it does
        nothing the second time.
        """

    def fit(self, *args, shuffle=False, **kwargs):
        """Keras' own, and `finalize`; the batches of a pipeline come shuffled."""
        history = super().fit(*args, shuffle=shuffle, **kwargs)
        self.finalize()
        return history

    def build(self, batch_shape):
        """Has nothing to do: constructors build every variable, so that a seed settles them."""

    def call(self, batch, training=False):
        return self.encode(batch, training)

    def loss_terms(self, batch, outputs, training):
        """Computes the method's losses over the local batch.

        Args:
            batch: dict of tensors.
            outputs: what `call` returned.
            training: whether this is a training step.

        Returns:
            dict from a name in `metric_names` to a scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no loss_terms.")

    def adapt(self, batches):
        """Takes from the data what the method must know before its first step.

        Args:
            batches: tf.data.Dataset of training batches.
        """

    def set_total_steps(self, steps):
        """Is told how many steps a training will have, before its step is traced.

        What follows a schedule to the end of the training, as a teacher's momentum may, takes its
        length from here. A run calls it; `fit` does not.

        Args:
            steps: int.
        """

    def validate(self, data):
        """Measures what the method itself predicts, on data that it was not trained on.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the held-out items.

        Returns:
            dict from the name of a figure to a float; empty for methods without such a figure.
        """
        return {}

    def report_images(self, data):
        """Draws what can be seen of the method, for the report.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the items to show.

        Returns:
            list of (title, caption, picture): str, str and uint8 (H, W, 3).
        """
        return []

    def metric_bounds(self):
        """Tells which of the reported figures must not fall below a value.

        Returns:
            dict from a name in `metric_names` to a mmssl.methods.bases.metric_bounds.MetricBound; a
            run stops where one is broken.
        """
        return {}

    def make_optimizers(self, make):
        """Makes what a run compiles the method with.

        Args:
            make: function (variables, rate=1.0, constant=False) -> keras optimizer of these
                variables, at `rate` times the run's learning rate, which stays at its peak where
                `constant` is asked for.

        Returns:
            dict of arguments of `compile`.
        """
        return {"optimizer": make(self.trainable_variables)}

    def update_metric(self, name, value):
        """Adds a figure to the epoch's mean under its name.

        Args:
            name: one of `metric_names`.
            value: scalar.
        """
        self._means[name].update_state(value)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Weighs and adds the loss terms and the layers' own losses, and scales for replicas."""
        terms = self.loss_terms(x, y_pred, training)
        for name, value in terms.items():
            self.update_metric(name, value)
        weighted = [self.loss_weights.get(name, 1.0) * value for name, value in terms.items()]
        total = sum(ops.cast(value, "float32") for value in [*weighted, *self.losses])
        return distribution.scale_loss(total)

    def train_step(self, *args):
        """Keras' own step; on TensorFlow, gradients are summed over the replicas, then clipped."""
        if keras.backend.backend() != "tensorflow":
            return super().train_step(*args)
        return self._tensorflow_step(*args)

    def _tensorflow_step(self, data):
        import tensorflow as tf

        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            outputs = self(batch, training=True)
            loss = self.compute_loss(x=batch, y_pred=outputs, training=True)
            self._loss_tracker.update_state(loss * distribution.num_replicas())
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_weights
        gradients = distribution.sum_gradients(tape.gradient(scaled, variables))
        # The optimizer clips and then sums over the replicas. It is given the clipped global
        # gradient in equal shares, which it will not clip again.
        clipped = self.optimizer._clip_gradients(gradients)
        shares = [None if g is None else g / distribution.num_replicas() for g in clipped]
        self.optimizer.apply_gradients(zip(shares, variables, strict=True))
        return self.compute_metrics(batch, None, outputs)
