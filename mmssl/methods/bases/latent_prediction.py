"""What versions 1.0 and 2.0 of data2vec share: the teacher, its targets, and the regression."""

from typing import Literal

import keras
from keras import ops

from mmssl import distribution
from mmssl.choices import check_choices
from mmssl.encoders.parts import stages
from mmssl.losses.token_regression import token_regression
from mmssl.methods.bases.latent_targets import latent_targets, token_std
from mmssl.methods.bases.metric_bounds import MetricBound
from mmssl.methods.bases.pretrainer import Pretrainer
from mmssl.methods.bases.teacher import EMATeacher

TEACHER_PREFIX = "teacher_"  # begins the names of inputs that the teacher alone sees
STARTS = {"nothing": None, "local": "tokens", "positions": "positioned"}


class LatentPrediction(Pretrainer):
    """A student that predicts, where it is masked, what its teacher computes from the whole.

        y = 1/K sum_{top K blocks} N(h_l);    loss = mean_{masked t} l(prediction_t - sg(y)_t)

    N normalizes each hidden state by itself; l is smooth L1 or the square. The teacher runs in
    inference mode and gets no gradient; it is created equal to the student and moves by
    `teacher = m * teacher + (1 - m) * student`, m on a line from `momentum` to `final_momentum`.

    Batch:
        the encoder's inputs, as the student sees them.
        teacher_<input>: where the student's input of that name is corrupted already, the whole
            one: `teacher_token_ids` beside `token_ids`.

    Across replicas: the number of masked tokens and the standard deviations.

    Args:
        encoder: keras.Model with stages, see `mmssl.encoders.parts.stages`.
        top_blocks: K.
        target: h_l is a block's `feed_forward` part before the residual sum, or the `block`'s
            output.
        normalize: N: `instance` (each channel over the tokens), `layer` (each token over the
            channels), `none`.
        final_norm: whether y is normalized per token once more.
        beta: of smooth L1; 0 for squares. See `mmssl.losses.token_regression`.
        channel_reduction: `mean`, `sum` or `root`; see there.
        shared: what the teacher takes from the student as it is, for whole inputs and without
            gradient: `nothing`, the `local` features, or these with their `positions`.
        copied: names of layers whose weights the teacher copies instead of averaging.
        momentum: m of the first update, in [0, 1].
        final_momentum: m after `momentum_steps`; None keeps `momentum`. 1 / (1 - m) is the
            teacher's memory in steps: for runs of a few thousand 0.99 to 0.999.
        momentum_steps: updates on the way.
        min_target_std: the run stops where the standard deviation of y over the masked tokens
            falls below; 0 never stops.
        min_prediction_std: likewise for the predictions.
        bound_after: steps from which on these two count.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: an argument is out of its range, or the encoder lacks a layer.
    """

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
            raise ValueError(f"{type(self).__name__}(beta=...) is 0 or more; got {beta}.")
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
        """Runs the local encoder on the student's inputs: a dict of `tokens` and `token_mask`."""
        return self.local({name: batch[name] for name in self.encoder.input}, training=training)

    def targets(self, batch, outputs):
        """Computes what is to be predicted.

        Args:
            batch: dict of tensors.
            outputs: what `call` returned, the local features among them.

        Returns:
            y, float32 (B, T, C), without gradient.
        """
        length = outputs["tokens"].shape[1]
        hidden = self.teacher(self._teacher_inputs(batch, outputs))["hidden"]
        # A class token stands before the tokens and is no target.
        hidden = [state[:, -length:] for state in hidden]
        return latent_targets(hidden, self.normalize, self.final_norm, outputs.get("token_mask"))

    def regression(self, predictions, targets, weights):
        """Measures how far predictions are from their targets, and reports how both vary.

        Args:
            predictions: (N, T, C).
            targets: (N, T, C).
            weights: float32 (N, T), 1 for tokens that count.

        Returns:
            float32 scalar, the mean over the tokens that count, of all replicas.
        """
        self.update_metric("target_std", token_std(targets, weights))
        self.update_metric("prediction_std", token_std(ops.stop_gradient(predictions), weights))
        errors = token_regression(predictions, targets, self.beta, self.channel_reduction)
        total = distribution.mean(ops.sum(weights)) + 1e-7
        return ops.sum(weights * errors) / total

    def metric_bounds(self):
        meanings = {
            "target_std": "the targets are nearly the same at all masked tokens, the teacher has "
            "collapsed; raise method.momentum, normalize the targets, or lower the learning rate",
            "prediction_std": "the student predicts nearly the same at all masked tokens; lower "
            "the learning rate or lengthen the warm-up",
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
