"""Faults in self-organizing maps."""

from tests.faults.fault import Fault

_TESTS = ("tests/methods/test_som.py",)

FAULTS = (
    Fault(
        "the neighborhood of a map is twice as wide",
        "mmssl/methods/som.py",
        "self.squared_ways / (-2 * ops.square",
        "self.squared_ways / (-4 * ops.square",
        _TESTS,
    ),
    Fault(
        "neighbors on the grid of a map wrap around its rows",
        "mmssl/methods/som.py",
        "self.squared_ways = np.sum(apart**2, axis=-1)",
        "self.squared_ways = np.square(np.sum(apart, axis=-1))",
        _TESTS,
    ),
    Fault(
        "many inputs pull a prototype of a map beyond them",
        "mmssl/methods/som.py",
        "self._fallen(*self.rates) / ops.maximum(shares, 1.0)",
        "self._fallen(*self.rates)",
        _TESTS,
    ),
    Fault(
        "a batch map moves at each step, whatever it is to collect",
        "mmssl/methods/som.py",
        "due = ops.equal((self.steps + 1) % self.collect, 0)",
        "due = ops.equal(self.steps, self.steps)",
        _TESTS,
    ),
    Fault(
        "a batch map goes on with the sums of the move before",
        "mmssl/methods/som.py",
        "self.sums.assign(ops.where(due, 0.0, sums))",
        "self.sums.assign(sums)",
        _TESTS,
    ),
    Fault(
        "prototypes that win nothing go to the middle",
        "mmssl/methods/som.py",
        "some = ops.logical_and(due, shares > LEAST_SHARE)[:, None]",
        "some = ops.logical_and(due, shares >= 0)[:, None]",
        _TESTS,
    ),
    Fault(
        "replicas of a map move by their own inputs",
        "mmssl/methods/som.py",
        "(replicas * x for x in distribution.mean(own))",
        "(replicas * x for x in own)",
        ("tests/contract",),
        "som and two_replicas",
    ),
    Fault(
        "a map moves where it is only measured",
        "mmssl/methods/som.py",
        "        if training:\n            self._move",
        "        if True:\n            self._move",
        _TESTS,
    ),
    Fault(
        "the second nearest prototype is the nearest",
        "mmssl/methods/som.py",
        "squares + 1e30 * taken",
        "squares",
        _TESTS,
    ),
    Fault(
        "prototypes at the corners of one count as apart",
        "mmssl/methods/som.py",
        "np.abs(apart).max(axis=-1) <= 1",
        "np.abs(apart).sum(axis=-1) <= 1",
        _TESTS,
    ),
    Fault(
        "a step of a map is not counted by the optimizer",
        "mmssl/methods/bases/step.py",
        "method.optimizer.iterations.assign_add(1)",
        "pass",
        _TESTS,
    ),
    Fault(
        "channels that never change are divided by next to nothing",
        "mmssl/methods/som.py",
        "LEAST_DEVIATION * deviation.max() or 1.0",
        "1e-12",
        _TESTS,
    ),
)
