"""Faults in codes as data: what is encoded, when anew, and what belongs together."""

from tests.faults.fault import Fault

_CODES = ("tests/pipelines/codes/test_codes.py",)
_WINDOWS = ("tests/pipelines/codes/test_windows.py",)
FAULTS = (
    Fault(
        "codes that another tokenizer made are taken from the cache",
        "pipelines/codes/cached.py",
        "depends = [fingerprint(source), source.fingerprint(), spec.values()]",
        "depends = [fingerprint(source), source.fingerprint()]",
        _CODES,
        "other_weights",
    ),
    Fault(
        "each level is read from the beginning",
        "pipelines/codes/codes.py",
        "return tf.reshape(item[before : before + sizes[level]]",
        "return tf.reshape(item[: sizes[level]]",
        _CODES,
        "level_above",
    ),
    Fault(
        "a run goes on with the codes of another tokenizer",
        "pipelines/codes/codes.py",
        "        if found != self.spec:",
        "        if False and found != self.spec:",
        _CODES,
        "refuses_another",
    ),
    Fault(
        "what is left out moves the codes of all that follows",
        "pipelines/codes/cached.py",
        "rows[found.good] = np.arange(len(index.names))",
        "rows[: len(index.names)] = np.arange(len(index.names))",
        _CODES,
        "left_out",
    ),
    Fault(
        "shards that are done are written again",
        "pipelines/codes/shards.py",
        "if part is None or not places.is_whole(place, part.size, part.checksum):",
        "if True:",
        _CODES,
        "go_on",
    ),
    Fault(
        "a window begins where no code of the level above does",
        "pipelines/codes/windows.py",
        "return own[start * self.rate :], upper[start:]",
        "return own[start:], upper[start:]",
        _WINDOWS,
        "same_time",
    ),
    Fault(
        "sound that fills no whole code is padded in front",
        "mmssl/runs/coders.py",
        "((0, 0), (0, -x.shape[1] % hop))",
        "((0, 0), (-x.shape[1] % hop, 0))",
        ("tests/runs/test_coders.py",),
        "whole_codes",
    ),
)
