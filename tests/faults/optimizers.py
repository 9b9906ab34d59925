"""Faults in optimizers and schedules."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "LARS adapts the biases of attention",
        "mmssl/optimizers/biases_and_norms.py",
        'return len(variable.shape) < 2 or variable.name == "bias"',
        "return len(variable.shape) < 2",
        ("tests/optimizers/test_lars.py",),
    ),
    Fault(
        "LARS forgets the length of the weights in its ratio",
        "mmssl/optimizers/lars.py",
        "self.trust_coefficient * length / slope",
        "self.trust_coefficient / slope",
        ("tests/optimizers/test_lars.py",),
    ),
    Fault(
        "LARS takes its ratio of the gradient without decay",
        "mmssl/optimizers/lars.py",
        "            gradient = gradient + self.decay * weight\n"
        "            rate = rate * self._ratio(weight, gradient)\n",
        "            rate = rate * self._ratio(weight, gradient)\n"
        "            gradient = gradient + self.decay * weight\n",
        ("tests/optimizers/test_lars.py",),
    ),
    Fault(
        "AdamW decays the biases of attention",
        "mmssl/optimizers/biases_and_norms.py",
        'return len(variable.shape) < 2 or variable.name == "bias"',
        "return len(variable.shape) < 2",
        ("tests/optimizers/test_build.py",),
        "biases or several_heads",
    ),
    Fault(
        "the learning rate reaches zero after the run, not with it",
        "mmssl/optimizers/schedules.py",
        "decay_steps=steps - warmup_steps,",
        "decay_steps=steps,",
        ("tests/optimizers/test_schedules.py",),
    ),
)
