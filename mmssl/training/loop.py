"""The training of a run from its last checkpoint to its end, step by step."""

import json
import signal
import time

import keras

from mmssl.evaluation.words.measure import check_asked
from mmssl.files import atomic_write
from mmssl.optimizers.build import build_optimizer
from mmssl.optimizers.schedules import learning_rate_schedule, weight_decay_schedule
from mmssl.runs import Run
from mmssl.runs.background import Background
from mmssl.runs.checkpoint import (
    load_state,
    load_weights,
    save_state,
)
from mmssl.runs.checksums import note_files_of_data, write_noted
from mmssl.runs.coders import save_coders
from mmssl.runs.fit import Fit
from mmssl.runs.folder import environment
from mmssl.runs.history import History
from mmssl.runs.kept import Kept, go_back
from mmssl.runs.recipe import build
from mmssl.stopping import StoppedError, deferred
from mmssl.strategy import make_strategy
from mmssl.training.batches import Batches, check_service
from mmssl.training.checks import check_backend, check_settings, doubts
from mmssl.training.clock import Clock
from mmssl.training.determinism import OFF, ON, determinism, is_deterministic
from mmssl.training.finite import Watch, check_finite
from mmssl.training.loggers import logger
from mmssl.training.monitors import check_keep, monitors
from mmssl.training.online import online_probe
from mmssl.training.periods import period_ends
from mmssl.training.planning import plan_steps, time_step
from mmssl.training.progress import Progress, counting
from mmssl.training.targets import learn_from_run
from mmssl.training.towers import save_towers
from mmssl.training.workers import Workers

NOTICE_SECONDS = 25  # after SIGTERM; a machine that is preempted is gone after 30


class Training:
    """Trains a run from its last checkpoint to the end.

    Args:
        config: dict returned by `open_recipe`.
        data: Pipeline returned by `open_recipe`; it is prepared here.
        folder: RunFolder that the caller has claimed.
        quiet: print nothing.
        data_changed: see `Pipeline.prepare`.
        callbacks: see `pretrain`.
        workers: Workers that train it; None for this process alone.
        trust: see `pretrain`.
    """

    def __init__(
        self,
        config,
        data,
        folder,
        quiet=False,
        data_changed="refuse",
        callbacks=(),
        workers=None,
        trust=(),
    ):
        self.config = config
        self.fit = Fit(**config["fit"])
        self.callbacks, self.trust = list(callbacks), trust
        self.folder = folder
        self.workers = workers or Workers()
        self.workers.together(lambda: check_service(self.fit.data_service))
        self.quiet = quiet or not self.workers.is_chief
        keras.utils.set_random_seed(self.fit.seed)
        keras.config.set_dtype_policy(self.fit.precision)
        self.background = Background()
        self.kept = Kept(self.fit.keep, folder.checkpoint, self.background)
        self.data = data
        check_backend(folder, config["probe"])
        self.strategy = make_strategy(self.fit.strategy)
        with self.strategy.scope():
            self.method = build(config["method"])
        check_settings(self.method, data, self.fit, self.strategy.num_replicas_in_sync)
        check_keep(self.fit, self.method, config["probe"])
        check_asked(config["probe"], data)
        if self.fit.initial_weights is not None:
            load_weights(_checkpoint_of(self.fit.initial_weights), self.method)
        self.workers.chief_first(lambda: self._prepare(data_changed))
        self._batches = Batches(data, config["data"], self.fit, folder, self.workers, self.strategy)
        self.method.check_batch(self._batches.first.element_spec)
        self.probe = online_probe(config["probe"], data, self.method, self.fit.seed)

    def _prepare(self, data_changed):
        """Reads the data; where the chief has done so, the folder knows all that came of it."""
        if not self.workers.is_chief:
            self.data.prepare(self.folder.path)
            return
        with counting("reading", "items", self.quiet) as (say, progress):
            learn_from_run(self.data, self.folder.path, data_changed, self.trust)
            self.data.prepare(self.folder.path, progress, data_changed)
            for sentence in doubts(self.method, self.data):
                say(sentence)
        note_files_of_data(self.folder.path)

    def run(self):
        """Trains to the end and saves the encoder."""
        self.workers.chief_first(self._go_back)
        self.workers.together(self._adapt)
        self._keep_untrained()
        steps = plan_steps(
            self.fit, len(self.data), self.folder, self.workers, self.seconds_per_step
        )
        self._compile(steps)
        position = self.workers.together(self._restore)
        progress = Progress(steps, position["step"], self.quiet)
        chief = self.workers.is_chief
        begun = logger(self.fit.logger if chief else None, self.folder, self.quiet)
        patient = deferred(self.quiet, NOTICE_SECONDS)
        watch = Watch(self.method, self.workers)
        with progress, patient as request, begun as own, self.background, watch:
            self.callbacks += own
            for sentence in (
                ON if is_deterministic(self.fit) else OFF,
                *self.fit.keep.doubts(steps),
            ):
                progress.say(sentence)
            self._train(position, steps, progress, request, watch)
        self.method.finalize()
        self._check_claim()
        if chief:
            save_towers(self.method, self.config, self.folder.encoder)
            rate = getattr(self.data, "sample_rate", None)
            save_coders(self.method, self.folder.path, rate)
            self._save_encoder(self.folder.encoder)

    def _go_back(self):
        if self.workers.is_chief and self.folder.checkpoint.exists():
            go_back(self.folder.checkpoint)

    def _adapt(self):
        """Computes what the method needs of the data, which its untrained encoder has, too."""
        if not (self.folder.checkpoint.exists() and self.folder.untrained.exists()):
            self.method.adapt(self._batches.first)

    def _keep_untrained(self):
        if self.folder.untrained.exists() or not self.workers.is_chief:
            return
        text = json.dumps(environment(self.fit.seed, self.data.items), indent=1)
        write_noted(self.folder.environment, text)
        save_towers(self.method, self.config, self.folder.untrained)
        self._save_encoder(self.folder.untrained)

    def _save_encoder(self, path):
        with atomic_write(path) as beside:
            self.method.export_encoder().save(beside)

    def _compile(self, steps):
        fit = self.fit

        warmup_steps = fit.warmup_at(len(self.data), steps)

        def make(variables, rate=1.0, constant=False):
            peak = rate * fit.peak_at(self.data.batch_size)
            schedule = learning_rate_schedule(fit, peak, warmup_steps, steps)
            learning_rate = peak if constant else schedule
            return build_optimizer(fit, variables, learning_rate, weight_decay_schedule(fit, steps))

        self.method.set_total_steps(steps)
        # Keras rejects XLA under determinism, since it lacks some such operations; none of ours.
        with self.strategy.scope(), determinism(False):
            self.method.compile(
                **self.method.make_optimizers(make),
                accumulate=fit.accumulate,
                remat=fit.remat,
                synchronize=fit.synchronize,
                jit_compile=fit.jit_compile or keras.backend.backend() == "jax",
            )
        with self.strategy.scope():
            self.workers.vote(self.method)
            self.method.make_train_function(force=True)

    def seconds_per_step(self):
        """Times the first steps; the weights are put back."""
        self._compile(steps=1)
        return time_step(self.method, self._batches.from_step(0))

    def _restore(self):
        if self.folder.checkpoint.exists():
            return load_state(self.folder.checkpoint, self.method, self._more())
        return {"step": 0, "seconds": 0.0, "waited": 0.0}

    def _more(self):
        """What a checkpoint holds beside the method."""
        return [] if self.probe is None else self.probe.variables

    def _callbacks(self, history, progress):
        tell = None if self.quiet else lambda text: progress.say(text, "yellow")
        source = (self.data, self._batches.first)
        if not self.workers.is_chief:
            return keras.callbacks.CallbackList([], model=self.method)
        before = monitors(self.fit, self.method, *source, self.folder.untrained, history.rows, tell)
        if self.probe is not None:
            before.append(self.probe)
        every = [*before, history, *self.callbacks]
        return keras.callbacks.CallbackList(every, model=self.method)

    def _train(self, position, steps, progress, request, watch):
        ends = period_ends(steps, len(self.data))
        history = self._history(position["step"])
        callbacks = self._callbacks(history, progress)
        callbacks.on_train_begin()
        rows = history.rows if history else []
        clock = Clock(position)
        batches = self._batches_from(position["step"])
        saved, self.method.stop_training = time.monotonic(), False
        for step in range(position["step"], steps):
            if step == 0 or step in ends:
                self.method.reset_metrics()
            if self.method.begins_epochs and step % len(self.data) == 0 < step - position["step"]:
                batches = self._batches_from(step)
            self.workers.ask(*self._wishes(request, saved))
            batch = clock.wait(batches)
            with self.workers.noticing_loss():
                logs = self.method.take_step(batch)
            callbacks.on_train_batch_end(step)
            clock.stepped()
            progress.advance(logs)
            done = step + 1
            if watch.has_found():
                self._check_finite(done)
            due = self.fit.keep.is_due(done, [])
            if done in ends:
                self._finish_period(callbacks, done, logs, clock)
                progress.note(rows[-1] if rows else {})
                # Before the checkpoint: one at the last step would make the run count as finished.
                due = self._is_due_and_goes_on(done, rows, callbacks)
            stop, save = self.workers.agreed(*self._wishes(request, saved))
            if save or due or done == steps:
                self._check_finite(done)
                self._save(clock.position(done), rows)
                saved = time.monotonic()
            if stop:
                # What is kept is said from what is on the disk.
                self.workers.together(self.background.wait)
                raise StoppedError(number=request.number or signal.SIGTERM)
        callbacks.on_train_end()

    def _batches_from(self, step):
        """Returns the batches from a step on, whose order may follow from what was learned."""
        if not self.method.begins_epochs:
            return self._batches.from_step(step)
        self.method.begin_epoch(self.data, step // len(self.data))
        return self._batches.from_step(step, anew=True)

    def _wishes(self, request, saved):
        """What this worker asks for: whether to stop after this step, and to write a checkpoint."""
        late = time.monotonic() - saved >= self.fit.checkpoint_seconds
        kept = request.number is not None and (
            request.number != signal.SIGTERM or self.fit.on_preempt == "checkpoint"
        )
        return request.number is not None, kept or (late and self.workers.is_chief)

    def _history(self, step):
        if not self.workers.is_chief:
            return None
        history = History(self.folder, step, len(self.data))
        self.kept.tidy(history.rows)
        return history

    def _finish_period(self, callbacks, step, logs, clock):
        self._check_finite(step)
        self._check_claim()
        logs = {name: float(value) for name, value in logs.items()}
        rate = self.method.optimizer.learning_rate
        logs.update(learning_rate=float(rate), **clock.period(self.data.batch_size))
        callbacks.on_epoch_end(step, logs)

    def _is_due_and_goes_on(self, step, rows, callbacks):
        """Says whether the checkpoint of a period's end is to be kept, which the chief knows.

        Raises:
            ValueError: something that watches the run has stopped it.
        """
        told = (self.fit.keep.is_due(step, rows), self.method.stop_training)
        due, stopped = self.workers.from_chief(*told)
        if stopped:
            reasons = [getattr(callback, "reason", None) for callback in callbacks.callbacks]
            of_others = [] if self.workers.is_chief else ["the chief has stopped the run."]
            said = " ".join(filter(None, [*reasons, *of_others]))
            raise ValueError(f"{said} See {self.folder.history}.")
        return bool(due)

    def _save(self, position, rows):
        self._check_claim()
        path, run = self.kept.place(position["step"], rows)
        # What is copied is summed over all workers; the chief alone writes it.
        run = run if self.workers.is_chief else _unwritten
        save_state(path, self.method, position, self._more(), run)

    def _check_claim(self):
        if self.workers.is_chief:
            self.folder.lock.check()

    def _check_finite(self, done):
        folder = self.folder if self.workers.is_chief else None
        check_finite(self.method, self.data, self.fit.seed, folder, done, self.background.wait)


def _unwritten(write):
    """Leaves a checkpoint to the chief."""


def _checkpoint_of(folder):
    """Returns the last checkpoint of the run that `fit.initial_weights` names."""
    checkpoint = Run.load(folder).files.checkpoint
    if not checkpoint.is_file():
        raise ValueError(f"fit.initial_weights={folder} has no {checkpoint}: name a trained run.")
    return checkpoint
