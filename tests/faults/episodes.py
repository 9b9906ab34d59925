"""Faults in episodes, and in what is predicted of them."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "a prediction is told the action after the frame that it is of",
        "mmssl/methods/cpc_action.py",
        "later[:, k : k + frames] for k in range(steps)",
        "later[:, min(k + 1, steps - 1) : min(k + 1, steps - 1) + frames] for k in range(steps)",
        ("tests/methods/test_cpc_action.py",),
    ),
    Fault(
        "the actions are read without the context",
        "mmssl/methods/cpc_action.py",
        "initial_state=ops.reshape(contexts, (-1, width)),",
        "initial_state=0 * ops.reshape(contexts, (-1, width)),",
        ("tests/methods/test_cpc_action.py",),
    ),
    Fault(
        "the embedding of a window is its first context",
        "mmssl/layers/pooling.py",
        "last = ops.cumsum(ops.ones_like(mask), axis=1) == counts",
        "last = ops.cumsum(ops.ones_like(mask), axis=1) == 1",
        ("tests/methods/test_cpc_action.py",),
    ),
    Fault(
        "actions are those of other frames than a window's",
        "pipelines/episodes/windows.py",
        "window = actions[start : start + self.frames]",
        "window = actions[: self.frames]",
        ("tests/pipelines/episodes/test_episodes.py",),
    ),
    Fault(
        "the state of a window is that of its first frame",
        "pipelines/episodes/windows.py",
        "known[start + self.frames - 1]",
        "known[start]",
        ("tests/pipelines/episodes/test_episodes.py",),
    ),
    Fault(
        "the padding of an episode is a part of it",
        "pipelines/episodes/source.py",
        "cut = [[x[:n] for x, n in zip(part, lengths, strict=True)]",
        "cut = [[x for x, n in zip(part, lengths, strict=True)]",
        ("tests/pipelines/episodes/test_episodes.py",),
    ),
    Fault(
        "states are scored on the windows that the map was fitted on",
        "mmssl/evaluation/probes/states.py",
        "r2_score(expected, fitted.predict((test - mean) / scale)",
        "r2_score(states, fitted.predict((train - mean) / scale)",
        ("tests/evaluation/probes/test_states.py",),
    ),
)
