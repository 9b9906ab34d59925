"""Faults in the training of a run."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "a run that goes on begins with the first batches again",
        "mmssl/training/loop.py",
        'batches = self._batches.from_step(position["step"])',
        "batches = self._batches.from_step(0)",
        ("tests/training/test_run.py",),
        "killed",
    ),
    Fault(
        "a run does not tell its method how many steps there are",
        "mmssl/training/loop.py",
        "self.method.set_total_steps(steps)",
        "pass",
        ("tests/training/test_run.py",),
        "told",
    ),
    Fault(
        "a run ends without its teacher's last update",
        "mmssl/training/loop.py",
        "self.method.finalize()",
        "pass",
        ("tests/methods/test_dino.py",),
        "run",
    ),
    Fault(
        "a run says nothing of few data",
        "mmssl/training/checks.py",
        "if data.count < FEW:",
        "if data.count < 0:",
        ("tests/training/test_checks.py",),
    ),
    Fault(
        "an estimate forgets the part of the data that it timed",
        "mmssl/training/estimate.py",
        "epoch = max(1, round(len(data) * whole))",
        "epoch = max(1, len(data))",
        ("tests/training/test_estimate.py",),
    ),
    Fault(
        "Grappler may write sums as one, which adds in the order of time",
        "mmssl/training/determinism.py",
        "total.op._set_attr(REWRITTEN, AttrValue(b=True))",
        "pass",
        ("tests/training/test_determinism.py",),
    ),
    Fault(
        "parts of a gradient are added in the order of time",
        "mmssl/training/determinism.py",
        "return functools.reduce(_add_two, inputs)",
        "return _add_n(inputs, name)",
        ("tests/training/test_determinism.py",),
    ),
    Fault(
        "workers are not told that what started them is gone",
        "mmssl/training/launched.py",
        "    os.kill(os.getpid(), signal.SIGTERM)\n",
        "",
        ("tests/training/test_launched.py",),
    ),
    Fault(
        "a worker that cannot end by itself stays when what started it is gone",
        "mmssl/training/launched.py",
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
        "",
        ("tests/training/test_launched.py",),
    ),
    Fault(
        "workers wait for each step, however fast",
        "mmssl/training/looks.py",
        "min(2 * self._every, MOST)",
        "self._every",
        ("tests/training/test_looks.py",),
    ),
    Fault(
        "workers look at slow steps as rarely as at fast ones",
        "mmssl/training/looks.py",
        "max(1, self._every // 2) if rare else",
        "self._every if rare else",
        ("tests/training/test_looks.py",),
    ),
)
