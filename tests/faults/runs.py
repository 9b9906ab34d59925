"""Faults in what a run is on disk."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "a checkpoint forgets the optimizer",
        "mmssl/runs/checkpoint.py",
        "        *model.optimizer.variables,\n",
        "",
        ("tests/methods/bases/test_adversarial.py",),
        "brought_back",
    ),
    Fault(
        "a checkpoint forgets the state of dropout",
        "mmssl/runs/checkpoint.py",
        "        *model.variables,\n",
        "",
        ("tests/runs/test_checkpoint.py",),
    ),
    Fault(
        "the best checkpoints by the loss are those of the highest",
        "mmssl/runs/kept.py",
        'sign = 1 if self.by == "loss" else -1',
        "sign = -1",
        ("tests/runs/test_kept.py",),
        "lowest",
    ),
    Fault(
        "the best checkpoint so far is removed before the new one is whole",
        "mmssl/runs/kept.py",
        "        def write_and_remove(write):\n",
        "        def write_and_remove(write):\n            _remove(self.last.parent, outranked)\n",
        ("tests/runs/test_kept.py",),
        "whole",
    ),
    Fault(
        "a run at a step is of the last checkpoint",
        "mmssl/runs/run.py",
        "load_weights(self.checkpoint, method)",
        "load_weights(self.files.checkpoint, method)",
        ("tests/runs/test_kept_step.py",),
        "embedded",
    ),
    Fault(
        "all the steps that minutes give warm up",
        "mmssl/runs/fit.py",
        "return warmup if known else min(warmup, steps // 10)",
        "return warmup",
        ("tests/optimizers/test_schedules.py",),
    ),
    Fault(
        "a run is whitened against its own decision",
        "mmssl/runs/run.py",
        'whitening is not None and (whiten == "pca" or self._whitening[1].used)',
        "whitening is not None",
        ("tests/runs/test_whitening.py",),
        "decision",
    ),
    Fault(
        "the whitening of one layer is put behind another",
        "mmssl/runs/run.py",
        "if about.layer != layer:",
        "if False:",
        ("tests/runs/test_whitening.py",),
        "another_layer",
    ),
    Fault(
        "an earlier step is whitened as the end of the run",
        "mmssl/runs/run.py",
        """        if self.step is not None:
            return None, f"a run is""",
        """        if False:
            return None, f"a run is""",
        ("tests/runs/test_whitening.py",),
        "step_before",
    ),
)
