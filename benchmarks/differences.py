"""Compares the last checkpoints of two runs of one recipe: what else adds up in another order.

The same run on one and on two workers, or machines, differs by rounding, which AdamW magnifies
where a gradient is rounding alone: it divides each by its own size. So the table has, beside the
largest difference of a variable relative to its largest value, the size of its gradient: the root
of AdamW's second moments, in the mean over the variable, relative to the largest of all variables.

    python benchmarks/differences.py runs/one runs/two --most 8
"""

import argparse
import os
from dataclasses import dataclass

import numpy as np

SECOND_MOMENTS = "_velocity"


@dataclass
class Difference:
    """How far a variable is from that of another run.

    Attributes:
        name: str.
        kind: of the kinds of `kind_of`.
        largest: float, the largest difference.
        scale: float, its largest value.
        count: int, numbers in it.
        gradient: float, the mean size of its gradient; None where it has none, or not by AdamW.
    """

    name: str
    kind: str
    largest: float
    scale: float
    count: int
    gradient: float | None = None

    @property
    def relative(self):
        return self.largest / self.scale if self.scale else self.largest


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = compare(options.run, options.other)
    print("| state | variables | numbers | largest value | largest difference | relative to it |")
    print("|---|---|---|---|---|---|")
    for kind in sorted({x.kind for x in found}):
        print(row_of_kind(kind, [x for x in found if x.kind == kind]))
    print("\n| weights | numbers | largest value | difference, relative to it | gradient |")
    print("|---|---|---|---|---|")
    trained = [x for x in found if x.kind == "weights"]
    for one in sorted(trained, key=lambda x: -x.relative)[: options.most]:
        gradient = "" if one.gradient is None else f"{one.gradient:.0e}"
        print(f"| {one.name} | {one.count} | {one.scale:.1e} | {one.relative:.1e} | {gradient} |")


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="run folder that is compared with")
    parser.add_argument("other", help="run folder of the same recipe")
    parser.add_argument("--most", type=int, default=10, help="weights to show, the farthest first")
    return parser.parse_args()


def row_of_kind(kind, found):
    """Returns a line of the table of kinds of state."""
    largest, scale = max(x.largest for x in found), max(x.scale for x in found)
    count = sum(x.count for x in found)
    ratio = largest / scale if scale else largest
    return f"| {kind} | {len(found)} | {count} | {scale:.1e} | {largest:.1e} | {ratio:.1e} |"


def compare(folder, other):
    """Compares all state that the next step depends on.

    Args:
        folder, other: paths of run folders.

    Returns:
        list of Difference.
    """
    method, (one, two) = compiled(folder), (variables_of(path) for path in (folder, other))
    from mmssl.runs.checkpoint import state_variables

    trained = {id(v) for v in method.trainable_variables}
    sizes = gradient_sizes(method, one)
    pairs = zip(state_variables(method), one, two, strict=True)
    return [
        Difference(
            v.path,
            kind_of(v, trained),
            float(np.abs(x.astype("float64") - y).max(initial=0.0)),
            float(np.abs(x.astype("float64")).max(initial=0.0)),
            x.size,
            sizes.get(id(v)),
        )
        for v, x, y in pairs
    ]


def kind_of(variable, trained):
    """Names what a variable is to the training."""
    for ending, kind in ((SECOND_MOMENTS, "second moments"), ("_momentum", "first moments")):
        if variable.path.endswith(ending):
            return kind
    if id(variable) in trained:
        return "weights"
    return "moving statistics" if "/moving_" in variable.path else "other"


def gradient_sizes(method, arrays):
    """Returns the sizes of gradients, by the id of their variable; see the head of the file."""
    from mmssl.runs.checkpoint import state_variables

    of = {id(v): array for v, array in zip(state_variables(method), arrays, strict=True)}
    optimizer = method.optimizer
    moments = getattr(optimizer, "_velocities", [])
    roots = [np.sqrt(of[id(v)].mean(dtype="float64")) for v in moments]
    pairs = zip(optimizer._trainable_variables, roots, strict=bool(moments))
    return {id(v): root / max(roots) for v, root in pairs}


def compiled(folder):
    """Builds the method of a run with its optimizer, whose state is not loaded."""
    from mmssl.optimizers.build import build_optimizer
    from mmssl.runs import Run
    from mmssl.runs.fit import Fit

    run = Run.load(folder)
    method, fit = run.method(), Fit(**run.config["fit"])

    def make(variables, rate=1.0, constant=False):
        return build_optimizer(fit, variables, rate, fit.weight_decay)

    method.compile(**method.make_optimizers(make))
    return method


def variables_of(folder):
    """Returns the arrays of the last checkpoint of a run."""
    from mmssl.runs import RunFolder

    with np.load(RunFolder(folder).checkpoint, allow_pickle=False) as archive:
        return [archive[f"variable_{i}"] for i in range(len(archive.files) - 1)]


if __name__ == "__main__":
    main()
