"""The base class of data2vec 1.0 and 2.0: the teacher, its targets, and the regression."""

from typing import Literal

import keras
from keras import ops

from mmssl.choices import check_choices
from mmssl.encoders.parts import stages
from mmssl.losses.token_regression import token_regression
from mmssl.methods.bases.latent_targets import latent_targets, token_std
from mmssl.methods.bases.metric_bounds import MetricBound
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.teacher import EMATeacher

TEACHER_PREFIX = "teacher_"  # of the names of inputs that only the teacher sees
STARTS = {"nothing": None, "local": "tokens", "positions": "positioned"}


class LatentPrediction(Pretrainer):
    """A student predicts, at masked tokens, the latent representations of a teacher.

        y = 1/K sum_{top K blocks} N(h_l);    loss = mean_{masked t} l(prediction_t - sg(y)_t)

    The teacher sees the unmasked input. N normalizes each hidden state separately; l is smooth L1
    or the squared error. The teacher runs in inference mode and gets no gradient; it is initialized
    to the student and updated by `teacher = m * teacher + (1 - m) * student`, where m changes
    linearly from `momentum` to `final_momentum`.

    Batch:
        the encoder's inputs, as the student sees them.
        teacher_<input>: the uncorrupted input, where the student's input of that name is already
            corrupted: `teacher_token_ids` beside `token_ids`.

    Across replicas: the number of masked tokens and the standard deviations.

    Args:
        encoder: keras.Model with stages, see `mmssl.encoders.parts.stages`.
        top_blocks: K.
        target: h_l is the output of a block's `feed_forward` network before the residual sum, or
            that of the `block`.
        normalize: N: `instance` (each channel over the tokens), `layer` (each token over the
            channels), or `none`.
        final_norm: whether y is layer-normalized once more.
        beta: of smooth L1; 0 for the squared error. See `mmssl.losses.token_regression`.
        channel_reduction: `mean`, `sum` or `root`; see there.
        shared: which of the student's layers the teacher uses without averaging, on uncorrupted
            inputs and without gradients: `nothing`, those of the `local` features, or those of the
            `positions` as well.
        copied: names of layers whose weights the teacher copies instead of averaging.
        momentum: m of the first update, in [0, 1].
        final_momentum: m after `momentum_steps`; None keeps `momentum`. The teacher averages over
            about 1 / (1 - m) steps: use 0.99 to 0.999 for runs of a few thousand steps.
        momentum_steps: number of updates from `momentum` to `final_momentum`.
        min_target_std: the run stops if the standard deviation of y over the masked tokens falls
            below this value; 0 never stops.
        min_prediction_std: the same for the predictions.
        bound_after: step from which on these two bounds are enforced.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of range, or the encoder lacks a layer.
    """

    splits_batches = True
    metric_names = ("regression", "target_std", "prediction_std")

    def __init__(
        self,
        encoder: keras.Model,
        top_blocks: int = 8,
        target: Literal["feed_forward", "block"] = "feed_forward",
        normalize: Literal["instance", "layer", "none"] = "instance",
        final_norm: bool = False,
        beta: float = 0.0,
        channel_reduction: Literal["mean", "sum", "root"] = "root",
        shared: Literal["nothing", "local", "positions"] = "nothing",
        copied: tuple[str, ...] = (),
        momentum: float = 0.999,
        final_momentum: float | None = 0.9999,
        momentum_steps: int = 30_000,
        min_target_std: float = 0.1,
        min_prediction_std: float = 0.01,
        bound_after: int = 5000,
        **kwargs,
    ):
        choices = {
            "target": target,
            "normalize": normalize,
            "channel_reduction": channel_reduction,
            "shared": shared,
        }
        check_choices(LatentPrediction.__init__, **choices)
        super().__init__(encoder, **kwargs)
        if beta < 0:
            raise ValueError(f"{type(self).__name__}(beta=...) must be 0 or more; got {beta}.")
        self.normalize, self.final_norm = normalize, final_norm
        self.beta, self.channel_reduction, self.shared = beta, channel_reduction, shared
        self.least_std = {"target_std": min_target_std, "prediction_std": min_prediction_std}
        self.bound_after = bound_after
        self.local, self.positions = stages.local(encoder), stages.positions(encoder)
        self.context = stages.context(encoder)
        names = stages.top_layers(encoder, top_blocks, target)
        self.student = stages.hidden_states(encoder, names, start=STARTS[shared])
        self.teacher = EMATeacher(
            self.student, momentum, final_momentum, momentum_steps, ramp="linear", copied=copied
        )

    def local_features(self, batch, training=False):
        """Computes the student's local features: a dict of `tokens` and, if any, `token_mask`."""
        return self.local({name: batch[name] for name in self.encoder.input}, training=training)

    def targets(self, batch, outputs):
        """Computes the regression targets.

        Args:
            batch: dict of tensors.
            outputs: dict that `call` returned, including the local features.

        Returns:
            y, float32 (B, T, C), without gradients.
        """
        length = outputs["tokens"].shape[1]
        hidden = self.teacher(self._teacher_inputs(batch, outputs))["hidden"]
        # A class token precedes the tokens and is not a target.
        hidden = [state[:, -length:] for state in hidden]
        return latent_targets(hidden, self.normalize, self.final_norm, outputs.get("token_mask"))

    def begin_step(self):
        self.teacher.update(self.student)

    def regression(self, predictions, targets, weights, total):
        """Computes the regression loss and updates the standard deviations of both arguments.

        Args:
            predictions: (N, T, C).
            targets: (N, T, C).
            weights: float32 (N, T), 1 for tokens that count.
            total: scalar, their number, see `mmssl.methods.bases.parts.batch_total`.

        Returns:
            float32 scalar, the sum over the tokens that count, divided by their number.
        """
        self.update_metric("target_std", token_std(targets, weights))
        self.update_metric("prediction_std", token_std(ops.stop_gradient(predictions), weights))
        errors = token_regression(predictions, targets, self.beta, self.channel_reduction)
        return ops.sum(weights * errors) / (total + 1e-7)

    def metric_bounds(self):
        meanings = {
            "target_std": "the targets are nearly the same at all masked tokens, the teacher has "
            "collapsed; raise method.momentum, normalize the targets, or lower the learning rate",
            "prediction_std": "the student predicts nearly the same at all masked tokens; lower "
            "the learning rate or lengthen the warmup",
        }
        return {
            name: MetricBound(least, self.bound_after, meanings[name])
            for name, least in self.least_std.items()
        }

    def _teacher_inputs(self, batch, outputs):
        names = self.encoder.input
        whole = {name: batch.get(TEACHER_PREFIX + name, batch[name]) for name in names}
        if self.shared == "nothing":
            return whole
        if any(TEACHER_PREFIX + name in batch for name in names):
            outputs = self.local(whole, training=False)
        taken = {name: outputs[name] for name in self.local.output}
        return taken if self.shared == "local" else self.positions(taken, training=False)
