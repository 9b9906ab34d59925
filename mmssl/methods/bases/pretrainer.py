"""The base class of all methods."""

import keras
from keras import ops

from mmssl import distribution
from mmssl.methods.bases import batch_norm, jax_step, step
from mmssl.methods.bases.batch_size import check_rows
from mmssl.methods.bases.parts import check_splittable
from mmssl.methods.bases.remat import set_remat
from mmssl.methods.bases.requirements import check_batch


class Pretrainer(keras.Model):
    """A self-supervised method around an encoder, trained by `fit` on batches that are dicts.

    A subclass builds its heads in the constructor, runs the student in `call(batch, training)` and
    returns its named losses from `loss_terms(batch, outputs, training)`, both in `keras.ops`. The
    class attribute `metric_names` lists the names of its losses and other metrics; `norm_sensitive`
    tells whether the loss depends on the norms of the vectors it compares, not only on their
    directions; `splits_batches` that it is a mean over the batch in which no example meets another,
    so that gradients may be accumulated over its parts (see `compile`); `sparse_gradients` that
    gradients of its tables stay the rows that occur in a batch, for optimizers that move these
    alone; `min_batch_size` is the smallest global batch to learn from: 2 where examples are
    compared with each other, or a head normalizes over them; `views_agree` that views of an item,
    where batches hold them, are to be embedded alike, so that a run measures whether they are;
    `begins_epochs` that the data of an epoch follow from what was learned before it, see
    `begin_epoch`.

    Args:
        encoder: functional keras.Model with outputs `features` and `embedding`.
        loss_weights: dict from the name of a loss term to its weight; 1 by default.
        **kwargs: passed to keras.Model.

    Raises:
        ValueError: the encoder is not such a model, or `loss_weights` has an unknown name.
    """

    metric_names = ()
    norm_sensitive = False
    splits_batches = False
    sparse_gradients = False
    begins_epochs = False
    accumulate = 1
    finite = None  # once compiled, a FiniteWatch of the backend's step
    votes = None  # a step.Votes, where workers must agree on when to stop
    min_batch_size = 1
    views_agree = True

    def __init__(
        self, encoder: keras.Model, loss_weights: dict[str, float] | None = None, **kwargs
    ):
        # The encoder casts its inputs itself: audio and images must reach it in float32.
        super().__init__(autocast=False, **kwargs)
        if not isinstance(encoder, keras.Model) or not isinstance(encoder.output, dict):
            raise ValueError(
                f"{type(self).__name__}(encoder=...) must be a functional keras.Model with outputs "
                f"named features and embedding; got {encoder!r}."
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
        """Runs the encoder on those entries of a batch that are its inputs.

        Args:
            batch: dict of tensors with at least the encoder's inputs.
            training: whether dropout and batch statistics are on.

        Returns:
            dict with `features` and `embedding`.
        """
        return self.encoder({name: batch[name] for name in self.encoder.input}, training=training)

    def views(self, batch, count=None):
        """Splits a batch into its views, each a dict of the encoder's inputs.

        A batch has every input of the encoder once per view, numbered from 1: `images_1` and
        `images_2`, or `waveform_1` with `padding_mask_1` and so on.

        Args:
            batch: dict of tensors.
            count: required number of views; None for two or more.

        Returns:
            list of dicts of encoder inputs.

        Raises:
            ValueError: the batch has another number of views.
        """
        names, found = list(self.encoder.input), []
        while all(f"{name}_{len(found) + 1}" in batch for name in names):
            found.append({name: batch[f"{name}_{len(found) + 1}"] for name in names})
        if len(found) != count if count else len(found) < 2:
            raise ValueError(
                f"The batch must have {count or 'two or more'} views of {' and '.join(names)}, "
                f"numbered from _1; got {len(found)} in {', '.join(sorted(batch))}."
            )
        return found

    @staticmethod
    def join(views):
        """Joins views, for one pass in which they share batch statistics.

        Args:
            views: list of dicts of encoder inputs (B, ...), of the same shapes.

        Returns:
            dict of encoder inputs, one view after the other along the first axis.
        """
        return {name: ops.concatenate([view[name] for view in views]) for name in views[0]}

    def export_encoder(self):
        """Returns the encoder to save, probe and export; some methods take the teacher's.

        Returns:
            functional keras.Model with the inputs and outputs of `encoder`, whose weights are
            updated by training.
        """
        return self.encoder

    def projection_model(self):
        """Returns the network whose output the loss compares, if that is not the embedding.

        An embedding may look healthy although the projection that the loss sees has collapsed.

        Returns:
            functional keras.Model with the inputs of `encoder` and an output `embedding`, or None.
        """
        return None

    def export_towers(self):
        """Returns the networks of the sides of pairs, each to be kept as a run of its own.

        Returns:
            dict from the name of a side to a functional keras.Model with outputs `features` and
            `embedding`; empty for methods of one encoder.
        """
        return {}

    def check_batch(self, spec):
        """Checks that the encoder takes what batches hold; see `requirements.check_batch`."""
        check_batch(self.encoder, spec)

    def finalize(self):
        """Brings `export_encoder()` up to date with the last step, if it lags a step behind.

        Called when `fit` or a run ends; training may continue afterwards. A second call in a row
        does nothing.
        """

    def fit(self, *args, shuffle=False, **kwargs):
        """Runs Keras' `fit`, then `finalize`; `shuffle` is off since pipelines shuffle batches."""
        history = super().fit(*args, shuffle=shuffle, **kwargs)
        self.finalize()
        return history

    def build(self, batch_shape):
        """Does nothing: constructors build every variable, so that a seed determines them."""

    def call(self, batch, training=False):
        """Runs the student's forward pass; methods override it, the base runs the encoder alone.

        Args:
            batch: dict of tensors with at least the inputs of `encoder`: for images, `images`
                float32 (B, H, W, C) in [0, 1]; for audio, `waveform` float32 (B, T) in [-1, 1] and
                `padding_mask` int32 (B, T), 1 for samples; for text, `token_ids` int32 (B, L) and
                `padding_mask` int32 (B, L), 1 for tokens; for tables, `numbers` float32 (B, F),
                `present` int32 (B, F), 0 for gaps, and `categories` int32 (B, G). A method's batch
                may have other keys, see "Batch" in its docstring.
            training: whether dropout and batch statistics are on.

        Returns:
            dict with `features`, a map (B, H', W', C') or a sequence (B, L', C'), and `embedding`
            (B, D). A method returns the outputs that its `loss_terms` takes instead, such as
            projections (B, D') or logits (B, L, V).
        """
        return self.encode(batch, training)

    def loss_terms(self, batch, outputs, training):
        """Computes the method's losses over this replica's batch.

        Args:
            batch: dict of tensors.
            outputs: the return value of `call`.
            training: whether this is a training step.

        Returns:
            dict from a name in `metric_names` to a scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define loss_terms.")

    def adapt(self, batches):
        """Computes statistics of the data that the method needs before its first step.

        Args:
            batches: tf.data.Dataset of training batches.
        """

    def begin_epoch(self, data, epoch):
        """Prepares method and data for an epoch, where `begins_epochs`.

        A run calls it before the first step of each epoch, after which it reads the data anew, and
        before the first step after a checkpoint. What it does but once an epoch, such as a
        clustering, it tells by a variable.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline, prepared; its order may be changed.
            epoch: int, from 0.
        """

    def set_total_steps(self, steps):
        """Sets the total number of training steps, before the training step is traced.

        Schedules that end with the training, such as that of a teacher's momentum, get their length
        here. A run calls this; `fit` does not.

        Args:
            steps: int, 1 or more.
        """

    def infer(self, batch):
        """Calls the method in inference mode, in a graph: many batches take half the time.

        Args:
            batch: dict of tensors of the same shapes each time, or few different ones.

        Returns:
            what `call` returns, as NumPy arrays.
        """
        if not self.compiled:
            self.jit_compile = False  # what XLA takes to compile outlasts most validations
        return self.predict_on_batch(batch)

    def validate(self, data):
        """Evaluates the method's own predictions on held-out data.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the held-out items.

        Returns:
            dict from the name of a metric to a float; empty for methods without such metrics.
        """
        return {}

    def report_images(self, data):
        """Draws images of the method's predictions for the report.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the items to show.

        Returns:
            list of (title, caption, image): str, str and uint8 (H, W, 3).
        """
        return []

    def report_sounds(self, data):
        """Collects sounds for the report to play, at the pipeline's sample rate.

        Args:
            data: mmssl.pipelines.pipeline.Pipeline over the items to play.

        Returns:
            list of (title, clips): str, and a list of dicts from a name to a float32 array (T,),
            full scale 1; the sounds of a dict are played beside each other.
        """
        return []

    def doubts(self, count):
        """Lists, in sentences, what does not fit `count` elements an epoch, and what helps."""
        return []

    def metric_bounds(self):
        """Returns the lower bounds on metrics below which a run stops.

        Returns:
            dict from a name in `metric_names` to a mmssl.methods.bases.metric_bounds.MetricBound.
        """
        return {}

    def make_optimizers(self, make):
        """Builds the optimizers that a run compiles the method with.

        Args:
            make: function (variables, rate=1.0, constant=False) -> keras optimizer of these
                variables, with `rate` times the run's learning rate, which stays at its peak if
                `constant`.

        Returns:
            dict of arguments of `compile`.
        """
        return {"optimizer": make(self.trainable_variables)}

    def update_metric(self, name, value):
        """Adds a value to the epoch's mean of a metric.

        Args:
            name: one of `metric_names`.
            value: scalar.
        """
        self._means[name].update_state(value)

    def begin_step(self):
        """Moves what moves once per optimizer step, such as a teacher, before the step's loss."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Computes the loss of a batch, after `begin_step` in training; see `check_rows`."""
        if training:
            rows = keras.tree.flatten(x)[0].shape[0]
            if rows is None or rows < 2:  # which is enough for all
                check_rows(self, x)
            self.begin_step()
        return self.part_loss(x, y_pred, training)

    def part_loss(self, x, y_pred, training):
        """Sums the weighted loss terms and the layers' own losses, scaled for the replicas."""
        terms = self.loss_terms(x, y_pred, training)
        for name, value in terms.items():
            self.update_metric(name, value)
        weighted = [self.loss_weights.get(name, 1.0) * value for name, value in terms.items()]
        # TensorFlow reorders a chain of additions, not always alike; one kernel keeps the order.
        total = ops.sum(ops.stack([ops.cast(v, "float32") for v in [*weighted, *self.losses]]))
        return distribution.scale_loss(total)

    def compile(self, optimizer="rmsprop", accumulate=1, remat=False, synchronize=True, **kwargs):
        """Compiles the method.

        Args:
            optimizer: keras optimizer, or its name.
            accumulate: number of equal parts of a batch, on each replica, that a step computes one
                after the other, in the memory of one; their gradients are added up before the
                optimizer's one step. On TensorFlow, for methods with `splits_batches`.
            remat: recompute what the encoder's blocks compute inside, instead of keeping it for the
                gradients (rematerialization). On TensorFlow, for encoders with blocks.
            synchronize: normalize over the batch of all replicas where there is batch norm; else
                each replica over its own. On TensorFlow.
            **kwargs: passed to keras.Model.compile.

        Raises:
            ValueError: the batch cannot be computed in parts, or no block recomputed.
        """
        check_splittable(self, accumulate)
        set_remat(self, remat)
        self.own_statistics = batch_norm.synchronize(self, synchronize)
        super().compile(optimizer, **kwargs)
        self.accumulate = accumulate
        if keras.backend.backend() == "tensorflow":
            distribution.leave_summing(self.optimizer)
            self.finite = step.FiniteWatch()
        if keras.backend.backend() == "jax":
            self.finite = jax_step.FiniteWatch()

    def take_step(self, batch):
        """Takes the compiled step on a batch, as a run does, and leaves the metrics' means going.

        Args:
            batch: dict of tensors or arrays, or of what replicas have of it.

        Returns:
            dict of scalars, the means of the metrics since they were reset.
        """
        if keras.backend.backend() == "jax":
            return jax_step.take_step(self, batch)
        return self.train_function([batch])

    def train_step(self, *args):
        """Runs Keras' step; on TensorFlow, that of `mmssl.methods.bases.step`."""
        if keras.backend.backend() == "tensorflow":
            return step.train_step(self, *args)
        return super().train_step(*args)

    def gradients(self, loss_of, part):
        """Computes loss and gradients on TensorFlow; see `mmssl.methods.bases.step`.

        A method whose gradient has a closed form of its own may override this.
        """
        return step.differentiated(self, loss_of, part)

    def make_train_function(self, force=False):
        """Makes Keras' train function, or that of several workers."""
        super().make_train_function(force)
        if self._has_workers():
            self.train_function = step.function_of_workers(self)

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Does nothing where there are several workers: Keras would reduce a whole batch."""
        if not self._has_workers():
            super()._maybe_symbolic_build(*args, **kwargs)

    def _has_workers(self):
        on_tensorflow = keras.backend.backend() == "tensorflow"
        return on_tensorflow and distribution.has_workers(self.distribute_strategy)
