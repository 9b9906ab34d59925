"""Faults in what methods share: the step, teachers, parts of a batch, rematerialization."""

from tests.faults.fault import Fault

METHODS = ("tests/methods",)
ADAPTED = ("tests/encoders/test_adapt.py",)
STEPS_ON_REPLICAS = (
    "tests/optimizers/test_build.py::test_replicas_and_parts_clip_and_decay_as_one_batch_does",
)

FAULTS = (
    Fault(
        "data2vec never updates its teacher",
        "mmssl/methods/bases/latent_prediction.py",
        "self.teacher.update(self.student)",
        "pass",
        ("tests/methods/test_data2vec.py",),
        "teacher",
    ),
    Fault(
        "data2vec 2.0 never updates its teacher",
        "mmssl/methods/bases/latent_prediction.py",
        "self.teacher.update(self.student)",
        "pass",
        ("tests/methods/test_data2vec2.py",),
        "teacher and pictures",
    ),
    Fault(
        "the discriminator's loss moves the generator",
        "mmssl/methods/bases/adversarial.py",
        "self.discriminator(ops.stop_gradient(fake), training=training)",
        "self.discriminator(fake, training=training)",
        ("tests/methods/bases/test_adversarial.py",),
        "reaches",
    ),
    Fault(
        "the generator's loss moves the discriminator",
        "mmssl/methods/bases/adversarial.py",
        "[ops.stop_gradient(v.value) for v in self.discriminator.trainable_variables]",
        "[v.value for v in self.discriminator.trainable_variables]",
        ("tests/methods/bases/test_adversarial.py",),
        "reaches",
    ),
    Fault(
        "the targets of data2vec begin with the class token",
        "mmssl/methods/bases/latent_prediction.py",
        "hidden = [state[:, -length:] for state in hidden]",
        "hidden = [state[:, :length] for state in hidden]",
        ("tests/methods/test_data2vec.py",),
        "formula",
    ),
    Fault(
        "data2vec's teacher sees the student's corrupted input",
        "mmssl/methods/bases/latent_prediction.py",
        "batch.get(TEACHER_PREFIX + name, batch[name])",
        "batch[name]",
        ("tests/methods/test_data2vec.py",),
        "corrupted",
    ),
    Fault(
        "padding takes part in the statistics of data2vec's targets",
        "mmssl/methods/bases/latent_targets.py",
        "if token_mask is None:",
        "if token_mask is None or len(x.shape) == 3:",
        ("tests/methods/test_data2vec.py",),
        "padding",
    ),
    Fault(
        "crops of one size get each other's embeddings",
        "mmssl/methods/bases/multi_crop.py",
        "zip(group, ops.split(embedded, len(group)), strict=True)",
        "zip(group[::-1], ops.split(embedded, len(group)), strict=True)",
        ("tests/methods/bases/test_multi_crop.py",),
    ),
    Fault(
        "the loss is not scaled where the optimizer unscales its gradient",
        "mmssl/methods/bases/step.py",
        "scaled = method.optimizer.scale_loss(loss)",
        "scaled = loss",
        ("tests/methods/bases/test_pretrainer.py",),
    ),
    Fault(
        "the encoder's own losses are left out",
        "mmssl/methods/bases/pretrainer.py",
        "for v in [*weighted, *self.losses]]",
        "for v in weighted]",
        ("tests/methods/bases/test_pretrainer.py",),
    ),
    Fault(
        "the terms of a loss are added without their weights",
        "mmssl/methods/bases/pretrainer.py",
        "self.loss_weights.get(name, 1.0) * value",
        "value",
        METHODS,
        "vicreg and not collapse_of",
    ),
    Fault(
        "an optimizer adds up over the replicas what was added up before",
        "mmssl/methods/bases/pretrainer.py",
        "            distribution.leave_summing(self.optimizer)\n",
        "            pass\n",
        STEPS_ON_REPLICAS,
    ),
    Fault(
        "a teacher follows its student after it was asked",
        "mmssl/methods/bases/student_teacher.py",
        "        if training:\n"
        "            self.teacher.update(self.student)\n"
        "        return [\n"
        '            self.teacher(view, training=training)["projection"] '
        "for view in self.views(batch, 2)\n"
        "        ]\n",
        "        targets = [\n"
        '            self.teacher(view, training=training)["projection"] '
        "for view in self.views(batch, 2)\n"
        "        ]\n"
        "        if training:\n"
        "            self.teacher.update(self.student)\n"
        "        return targets\n",
        METHODS,
        "answers_after",
    ),
    Fault(
        "the two weights of a teacher's average are exchanged",
        "mmssl/methods/bases/teacher.py",
        "own.value + step * (theirs.value - own.value)",
        "theirs.value + step * (own.value - theirs.value)",
        ("tests/methods/bases/test_teacher.py",),
    ),
    Fault(
        "a teacher's answers have a gradient",
        "mmssl/methods/bases/teacher.py",
        "return keras.tree.map_structure(ops.stop_gradient, outputs)",
        "return outputs",
        ("tests/methods/bases/test_teacher.py",),
    ),
    Fault(
        "a teacher's momentum counts the update that finds two equal networks",
        "mmssl/methods/bases/teacher.py",
        'ops.maximum(ops.cast(self.updates.value, "float32") - 1.0, 0.0)',
        'ops.cast(self.updates.value, "float32")',
        ("tests/methods/bases/test_teacher.py",),
    ),
    Fault(
        "a teacher averages batch statistics that are its own",
        "mmssl/methods/bases/teacher.py",
        'if self.statistics == "own" and not theirs.trainable:',
        'if self.statistics == "none" and not theirs.trainable:',
        ("tests/methods/bases/test_teacher.py",),
    ),
    Fault(
        "a part of a batch is weighed as if it were the whole",
        "mmssl/methods/bases/parts.py",
        "return total * _rows(batch) / _rows(whole)",
        "return total",
        ("tests/methods/bases/test_parts.py",),
    ),
    Fault(
        "a teacher moves with every part of a batch",
        "mmssl/methods/bases/step.py",
        "method.part_loss, part)",
        "method.compute_loss, part)",
        ("tests/methods/bases/test_parts.py",),
    ),
    Fault(
        "only the loss is watched, not its gradient",
        "mmssl/methods/bases/step.py",
        "[loss, *gradients])\n    if gradients",
        "[loss])\n    if gradients",
        ("tests/training/test_finite.py",),
    ),
    Fault(
        "a recomputed block draws dropout anew",
        "mmssl/methods/bases/remat.py",
        "outputs, _ = run(given, weights_, state_)",
        "outputs, _ = run(given, weights_, first[1])",
        ("tests/methods/bases/test_remat.py",),
        "train_as_kept and causal",
    ),
    Fault(
        "what a block is given besides its first input gets no gradient",
        "mmssl/methods/bases/remat.py",
        "return [*of_sources, *(None for _ in state_)]",
        "return [*(of_sources[0], *(None for _ in given[1:]), *of_sources[len(given) :]), "
        "*(None for _ in state_)]",
        ("tests/methods/bases/test_remat.py",),
        "train_as_kept and positions",
    ),
    Fault(
        "a recomputed block does not wait for the gradients of its outputs",
        "mmssl/methods/bases/remat.py",
        "given = after(upstream, inputs_)",
        "given = inputs_",
        ("tests/methods/bases/test_remat.py",),
        "after_the_gradients",
    ),
    Fault(
        "batch norm does not learn the statistics of a block that is recomputed",
        "mmssl/methods/bases/remat.py",
        "if value is not before:",
        "if value is not before and not value.dtype.is_floating:",
        ("tests/methods/bases/test_remat.py",),
        "train_as_kept and batch",
    ),
    Fault(
        "all views of a batch are the first one",
        "mmssl/methods/bases/pretrainer.py",
        'batch[f"{name}_{len(found) + 1}"] for name',
        'batch[f"{name}_1"] for name',
        ("tests/methods/bases/test_views.py",),
    ),
    Fault(
        "a batch of one is trained where examples are compared",
        "mmssl/methods/bases/batch_size.py",
        "    if size < least:",
        "    if size < 0:",
        ("tests/methods/bases/test_batch_size.py",),
    ),
    Fault(
        "model.fit does not look at the size of a batch",
        "mmssl/methods/bases/pretrainer.py",
        "            check_rows(self, x)\n",
        "",
        ("tests/methods/bases/test_batch_size.py",),
    ),
    Fault(
        "GPT takes an encoder that looks ahead",
        "mmssl/methods/bases/requirements.py",
        "    if not np.allclose(first, second, CAUSAL, CAUSAL):",
        "    if np.isnan(first).any():",
        ADAPTED,
        "language_models",
    ),
)
