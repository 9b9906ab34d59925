"""The section `fit` of a recipe: how a run trains."""

from dataclasses import dataclass, field
from typing import Literal

from mmssl.runs.kept import Keep

POSITIVE = (
    *("epochs", "steps", "minutes", "iterations", "learning_rate", "base_batch_size", "clip_norm"),
    "initial_accumulator",
)
NOT_NEGATIVE = (
    *("warmup_steps", "warmup_epochs"),
    *("weight_decay", "checkpoint_seconds", "monitor_examples"),
)


@dataclass
class Fit:
    """How a run trains; it ends at the first of `epochs`, `steps` and `minutes` to be reached.

    Args:
        epochs: passes over the data.
        steps: optimizer steps.
        minutes: time for the steps. It is converted to a number of steps once, by timing the first
            few, so that the schedule has an end and a resumed run keeps the same one.
        optimizer: adamw, lars, sgd (with momentum), adagrad, or adafactor, whose rate is relative
            to the weights. Of tables of word vectors, adagrad, and sgd without momentum and decay,
            move only the rows that occur in a batch, if `clip_norm` is null.
        learning_rate: peak of the schedule.
        base_batch_size: batch that `learning_rate` is meant for; a `data.batch_size` k times as
            large trains with k times the rate (Goyal et al. 2017, arXiv 1706.02677). Null takes
            `learning_rate` as it is.
        schedule: after a linear warmup: cosine, linear, constant, step (falls by `decay_rate` at
            each of `boundaries`) or inverse_sqrt (falls with the square root of the step); or
            tri_stage (warmup, constant, exponential decay to a hundredth, by `phase_ratio`).
        warmup_steps: steps of the warmup, of every schedule but tri_stage; with `minutes` alone, no
            more than a tenth of the steps.
        warmup_epochs: epochs of the warmup, in place of `warmup_steps`; null for those.
        final_learning_rate: learning rate that cosine and linear end at, below the peak.
        boundaries: fractions of the steps at which step falls, rising, between 0 and 1.
        decay_rate: factor of step at each boundary, between 0 and 1.
        phase_ratio: fractions of the steps that tri_stage spends on warmup, constant and decay.
        weight_decay: decoupled for adamw, part of the gradient for lars and sgd; biases and
            norms are left out unless `decay_biases_and_norms`.
        decay_biases_and_norms: decay biases and norms, too, and let lars adapt their learning
            rate, as some official codes do.
        final_weight_decay: weight decay of adamw at the last step, reached from `weight_decay` by
            a cosine schedule; null keeps `weight_decay` constant.
        momentum: of lars and sgd.
        initial_accumulator: what adagrad's sum of squared gradients begins with.
        beta_1: decay rate of AdamW's first moment estimates.
        beta_2: decay rate of AdamW's second moment estimates.
        epsilon: of AdamW; gradients below it, as of the rare rows of an embedding table, move
            weights less.
        clip_norm: largest norm of the gradient over all weights and replicas; null disables
            clipping.
        clip_per_variable: clip the gradient of each variable by its own norm, instead of all by
            their global norm.
        precision: float32 or mixed_bfloat16.
        strategy: auto (one device, all local GPUs, or the workers that TF_CONFIG names), mirrored
            (all local devices), multi_worker (the devices of all workers) or tpu.
        synchronize: let batch norm normalize over the batch of all replicas; false lets each
            normalize over its own part, which sends less, and the weights depend on their number.
        initial_weights: folder of a run of the same method and sizes, whose last weights, heads
            and teacher included, are the first ones; null draws them.
        data_service: address of a tf.data service whose workers make the batches, such as
            grpc://localhost:5050, see `mmssl data-service`; null makes them in this process. The
            batches are the same.
        iterations: trainings, one after the other, each from new weights, for data with
            `data.targets`: those of the first are the data's, those of each other are learned from
            the run before, which is kept in a folder beside the run's, RUN_iteration_1 and so on.
        seed: of initial weights, data order and every random draw.
        accumulate: number of equal parts of a batch, on each replica, that a step computes one
            after the other, in the memory of one, and whose gradients it adds up: `batch_size`,
            steps and schedules stay what they are. Refused where a loss looks across the batch.
        remat: compute what the encoder's blocks compute inside once more for the gradients, instead
            of keeping it (rematerialization): less memory, a forward pass more, the same weights.
        jit_compile: compile the step with XLA.
        deterministic: use TensorFlow's deterministic operations, so that on one kind of machine the
            same seed gives the same weights; null for where they cost no time, without a GPU.
        checkpoint_seconds: time between checkpoints; 0 writes one after every step.
        on_preempt: what SIGTERM does after the step that runs: write a `checkpoint` and exit, or
            `exit` without one, where it takes longer than the notice that a machine is given.
        keep: which checkpoints are kept beside the last one; null for none.
        monitor_examples: number of training items that the collapse diagnostics embed; 0 disables
            them.
        stop_on_collapse: stop the run when the diagnostics find the same collapse twice.
        logger: also log to `mlflow` or `wandb` (Weights & Biases), optional extras, besides
            history.csv and TensorBoard's logs; null for neither.
    """

    epochs: float | None = None
    steps: int | None = None
    minutes: float | None = None
    optimizer: Literal["adamw", "lars", "sgd", "adagrad", "adafactor"] = "adamw"
    learning_rate: float = 1e-3
    base_batch_size: int | None = None
    schedule: Literal["cosine", "linear", "constant", "step", "inverse_sqrt", "tri_stage"] = (
        "cosine"
    )
    warmup_steps: int = 100
    warmup_epochs: float | None = None
    final_learning_rate: float = 0.0
    boundaries: tuple[float, ...] = (0.6, 0.8)
    decay_rate: float = 0.1
    phase_ratio: tuple[float, float, float] = (0.03, 0.9, 0.07)
    weight_decay: float = 0.01
    decay_biases_and_norms: bool = False
    final_weight_decay: float | None = None
    momentum: float = 0.9
    initial_accumulator: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    clip_norm: float | None = 1.0
    clip_per_variable: bool = False
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    strategy: Literal["auto", "mirrored", "multi_worker", "tpu"] = "auto"
    synchronize: bool = True
    initial_weights: str | None = None
    data_service: str | None = None
    iterations: int = 1
    seed: int = 0
    accumulate: int = 1
    remat: bool = False
    jit_compile: bool = False
    deterministic: bool | None = None
    checkpoint_seconds: float = 60.0
    on_preempt: Literal["checkpoint", "exit"] = "checkpoint"
    keep: Keep | None = field(default_factory=Keep)
    monitor_examples: int = 256
    stop_on_collapse: bool = False
    logger: Literal["mlflow", "wandb"] | None = None

    def __post_init__(self):
        if not isinstance(self.keep, Keep):
            self.keep = Keep(**(self.keep or {}))
        budgets = {"epochs": self.epochs, "steps": self.steps, "minutes": self.minutes}
        if all(value is None for value in budgets.values()):
            raise ValueError("fit needs one of epochs, steps and minutes.")
        for name in POSITIVE:
            if getattr(self, name) is not None and getattr(self, name) <= 0:
                raise ValueError(f"fit.{name} must be above 0; got {getattr(self, name)}.")
        for name in NOT_NEGATIVE:
            if getattr(self, name) is not None and getattr(self, name) < 0:
                raise ValueError(f"fit.{name} must be at least 0; got {getattr(self, name)}.")
        if self.accumulate < 1:
            raise ValueError(f"fit.accumulate must be at least 1; got {self.accumulate}.")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"fit.momentum must be in [0, 1); got {self.momentum}.")
        if self.clip_per_variable and self.clip_norm is None:
            raise ValueError("fit.clip_per_variable needs the norm to clip to: set fit.clip_norm.")
        if self.optimizer in ("adagrad", "adafactor") and self.weight_decay:
            raise ValueError(
                f"fit.optimizer {self.optimizer} has no weight decay: set fit.weight_decay to 0; "
                f"got {self.weight_decay}."
            )
        self._check_schedule()
        self._check_final_weight_decay()

    def _check_schedule(self):
        ratio, marks = self.phase_ratio, self.boundaries
        if len(ratio) != 3 or min(ratio) < 0 or abs(sum(ratio) - 1) > 1e-6:
            raise ValueError(
                f"fit.phase_ratio must be three fractions that add up to 1; got {list(ratio)}."
            )
        if list(marks) != sorted(set(marks)) or not all(0 < mark < 1 for mark in marks):
            raise ValueError(
                f"fit.boundaries must be rising fractions between 0 and 1; got {list(marks)}."
            )
        if not 0 < self.decay_rate < 1:
            raise ValueError(f"fit.decay_rate must be between 0 and 1; got {self.decay_rate}.")
        if not 0 <= self.final_learning_rate < self.learning_rate:
            raise ValueError(
                "fit.final_learning_rate must be at least 0 and below fit.learning_rate, "
                f"{self.learning_rate}; got {self.final_learning_rate}."
            )
        if self.final_learning_rate and self.schedule not in ("cosine", "linear"):
            raise ValueError(
                "fit.final_learning_rate needs fit.schedule cosine or linear, since "
                f"{self.schedule} has an end of its own; got {self.final_learning_rate}."
            )

    def _check_final_weight_decay(self):
        last = self.final_weight_decay
        if last is None:
            return
        if last < 0:
            raise ValueError(f"fit.final_weight_decay must be at least 0, or null; got {last}.")
        if self.optimizer != "adamw":
            raise ValueError(
                f"fit.final_weight_decay needs fit.optimizer adamw, not {self.optimizer}: set it "
                "to null."
            )
        if self.weight_decay == 0:
            raise ValueError(
                "fit.final_weight_decay starts from fit.weight_decay, which must then be above 0; "
                "got 0."
            )

    def peak_at(self, batch_size):
        """Returns the peak of the learning rate for batches of this many examples."""
        return self.learning_rate * batch_size / (self.base_batch_size or batch_size)

    def warmup_at(self, steps_per_epoch, steps):
        """Returns the steps of the warmup.

        Args:
            steps_per_epoch: int.
            steps: int, those of the run. Where `minutes` alone decide on them, no more than a
                tenth of them warm up: nobody could have known how many there would be.
        """
        warmup = self.warmup_steps
        if self.warmup_epochs is not None:
            warmup = round(self.warmup_epochs * steps_per_epoch)
        known = self.minutes is None or self.steps is not None or self.epochs is not None
        return warmup if known else min(warmup, steps // 10)
