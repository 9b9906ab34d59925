"""Faults in the restoration of pictures: degradation, turns, contrast, tiles."""

from tests.faults.fault import Fault
from tests.faults.losses import ON_REPLICAS

_METHOD = ("tests/methods/test_ipt.py",)
_DATA = ("tests/pipelines/images/test_degraded.py",)
_CONTRAST = ("tests/losses/test_patch_contrast.py",)
_TURNS = ("tests/optimizers/test_by_turns.py",)
FAULTS = (
    Fault(
        "a picture is one of those that it is told from",
        "mmssl/losses/patch_contrast.py",
        "ops.where(same, 0.0, ops.exp(scores))",
        "ops.exp(scores)",
        _CONTRAST,
        "logarithm",
    ),
    Fault(
        "each replica takes its pictures for the first ones",
        "mmssl/losses/patch_contrast.py",
        "ops.arange(rows)[:, None] + distribution.first_row(rows)",
        "ops.arange(rows)[:, None]",
        ON_REPLICAS,
    ),
    Fault(
        "momentum goes on moving what rests",
        "mmssl/optimizers/by_turns.py",
        "ops.where(has_turn, variable.value, value)",
        "variable",
        _TURNS,
        "no_others",
    ),
    Fault(
        "what rests keeps its weights and loses its moments",
        "mmssl/optimizers/by_turns.py",
        "for v in (*variables, *optimizer.variables)]",
        "for v in variables]",
        _TURNS,
        "no_others",
    ),
    Fault(
        "a part has a learning rate of its own number of steps",
        "mmssl/optimizers/by_turns.py",
        "            optimizer.learning_rate = lambda: self.shared.learning_rate\n",
        "            pass\n",
        _TURNS,
        "no_others",
    ),
    Fault(
        "each element has a task of its own",
        "pipelines/images/degraded.py",
        "step = tf.stack([key[0], key[1] // self.batch_size])",
        "step = key",
        _DATA,
        "task_of_its_number",
    ),
    Fault(
        "noise is counted in values from 0 to 1",
        "pipelines/images/degradation.py",
        "clean + sigma / LEVELS * noise",
        "clean + sigma * noise",
        _DATA,
        "deviation",
    ),
    Fault(
        "pictures shrink without antialiasing",
        "pipelines/images/degradation.py",
        '"bicubic", antialias=True',
        '"bicubic", antialias=False',
        _DATA,
        "shrink",
    ),
    Fault(
        "errors of small targets are divided by the largest target",
        "mmssl/methods/ipt.py",
        '"restoration": LEVELS * error * ops.take(filled, batch["task"][0]),',
        '"restoration": LEVELS * error,',
        _METHOD,
        "formula",
    ),
    Fault(
        "all tasks ask by the query of the first",
        "mmssl/methods/ipt.py",
        "self.queries[number](images)",
        "self.queries[0](images)",
        _METHOD,
        "query or exactly_zero",
    ),
    Fault(
        "what a tile is padded with counts inside of the picture",
        "mmssl/methods/bases/tiles.py",
        "outer = overlap // 4",
        "outer = 0",
        _METHOD,
        "seams",
    ),
    Fault(
        "tiles end where the next begins",
        "mmssl/methods/bases/tiles.py",
        "step = length - size, size - size // 3",
        "step = length - size, size",
        _METHOD,
        "seams or fades",
    ),
    Fault(
        "the red of a picture counts as its blue",
        "mmssl/methods/bases/picture_quality.py",
        "[65.738, 129.057, 25.064]",
        "[129.057, 65.738, 25.064]",
        _METHOD,
        "luma",
    ),
)
