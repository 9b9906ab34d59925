"""Measures the bounds of the collapse warning: sound runs and runs that lack a part.

Each case trains a recipe for its first steps, on its own schedule, and keeps the history of its run
in the folder given; what is there already is not trained again. The table on stdout says for each
look what the warning sees, and which signs two looks in a row have shown; the last table has a row
a case.

    nice python benchmarks/collapse.py ../shared/data runs/collapse --only byol
"""

import argparse
import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import keras

from mmssl.evaluation.collapse.diagnostics import diagnose
from mmssl.evaluation.collapse.signs import collapse_signs, projection_signs
from mmssl.evaluation.collapse.watched import watched_items
from mmssl.evaluation.probes.features import Embedder
from mmssl.methods import SimSiam
from mmssl.runs import Run, read_history
from mmssl.training import loop

CLOTHES, PHOTOS = "images/fashion_mnist", "images/caltech101/train"
DIGITS, SOUNDS = "audio/fsdd/train", "audio/esc10/audio"
QUERIES, BOOKS = "text/clinc150.tsv", "text/novels/books"
SMALL = ("--data.batch_size=128",)
SHORT = ("--data.batch_size=16", "--data.window=16000")
TEXT = ("--data.length=32", "--data.vocabulary_size=2000")
METRICS = ("embedding_std_ratio", "rankme", "mean_cosine", "top_variance_ratio")
PROJECTED = {name: f"projection_{name.removeprefix('embedding_')}" for name in (*METRICS, "std")}
COLUMNS = {
    "spread": "projection_std_ratio",
    "line": "projection_top_variance_ratio",
    "rank": "projection_rankme",
    "deviation": "projection_std",
    "spread of embeddings": "embedding_std_ratio",
    "their rank": "rankme",
}


@dataclass(frozen=True)
class Case:
    """A run: what it trains on and, if it is to collapse, what it lacks."""

    recipe: str
    source: str
    overrides: tuple = SMALL
    lacks: str = ""
    steps: int = 100
    patch: object = contextlib.nullcontext

    @property
    def name(self):
        lacks = f" without {self.lacks}" if self.lacks else ""
        return f"{self.recipe}{lacks} on {Path(self.source).parts[1]}"


def without_stop_gradient():
    return mock.patch.object(SimSiam, "target", lambda self, projections: projections)


def without_predictor():
    identity = lambda *widths, **options: keras.layers.Identity()  # noqa: E731
    return mock.patch("mmssl.methods.byol.predictor_mlp", identity)


NO_VARIANCE = (*SMALL, "--method.loss_weights={variance: 0.0}")
NO_CENTER = (*SMALL, "--method.center_momentum=1.0")
CASES = (
    Case("vision/barlow_twins", PHOTOS, ("--data.limit=1651",), steps=150),
    Case("vision/simsiam", CLOTHES, SMALL, "stop-gradient", patch=without_stop_gradient),
    Case("vision/byol", PHOTOS, SMALL, "predictor", patch=without_predictor),
    Case("vision/vicreg", CLOTHES, NO_VARIANCE, "variance"),
    Case("vision/simsiam", PHOTOS),
    Case("vision/byol", PHOTOS),
    Case("vision/vicreg", PHOTOS),
    Case("text/simcse", QUERIES, TEXT),
    Case("audio/simclr", SOUNDS, SHORT),
    Case("vision/dino", CLOTHES, NO_CENTER, "center"),
    Case("vision/byol", CLOTHES, SMALL, "predictor", patch=without_predictor),
    Case("vision/simclr", PHOTOS),
    Case("vision/moco", CLOTHES),
    Case("vision/dino", CLOTHES),
    Case("vision/barlow_twins", CLOTHES),
    Case("audio/simclr", DIGITS, SHORT),
    Case("vision/simsiam", CLOTHES),
    Case("vision/byol", CLOTHES),
    Case("vision/vicreg", CLOTHES),
    Case("vision/swav", PHOTOS),
    Case("vision/vicreg", PHOTOS, NO_VARIANCE, "variance"),
    Case("vision/simsiam", PHOTOS, SMALL, "stop-gradient", patch=without_stop_gradient),
    Case("vision/dino", PHOTOS, NO_CENTER, "center"),
    Case("vision/moco_v3", PHOTOS),
    Case("text/data2vec2", BOOKS, (), steps=500),
    Case("audio/data2vec2", SOUNDS, ()),
)


class EnoughStepsError(Exception):
    """Ends a run after the steps in question, its schedule unchanged."""


def main():
    options, summary = parse_options(), []
    for folder in options.runs:
        summary.append(summarized(folder.name, folder, read_history(folder / "history.csv")))
    for case in CASES:
        folder = options.out / case.name.replace("/", "_").replace(" ", "_")
        if options.only in case.name:
            if not (folder / "done").exists():
                train(case, options.data, folder)
            rows = read_history(folder / "history.csv")
            show(case, folder, rows)
            summary.append(summarized(case.name, folder, rows))
    print("\n| run | spread | share of one direction | rank | deviation | named at |")
    print("|---|---|---|---|---|---|", *summary, sep="\n")


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder with images/, audio/ and text/")
    parser.add_argument("out", type=Path, help="folder for the runs")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="further run folders")
    return parser.parse_args()


def train(case, data, folder):
    def stop(path, model, position, *rest):
        if position["step"] >= case.steps:
            raise EnoughStepsError

    overrides = [f"--data.source={data / case.source}", "--data.limit=5000"]
    overrides += ["--fit.checkpoint_seconds=0", *case.overrides]
    start = time.process_time()
    stopping = mock.patch.object(loop, "save_state", stop)
    with case.patch(), stopping, contextlib.suppress(EnoughStepsError):
        loop.pretrain(case.recipe, folder, overrides, quiet=True)
    (folder / "done").write_text(f"{time.process_time() - start:.0f} s of one core\n")


def show(case, folder, rows):
    print(f"\n{case.name}: {named_at(folder, rows) or 'no warning'}", flush=True)
    print("step", *COLUMNS, sep="\t")
    for row in rows:
        print(row["step"], *(row.get(column, "")[:5] for column in COLUMNS.values()), sep="\t")


def summarized(name, folder, rows):
    """Returns a row of a Markdown table: the first look and the last."""
    looks = []
    for column, form in (("spread", ".2f"), ("line", ".2f"), ("rank", ".0f"), ("deviation", ".2f")):
        ends = [rows[0].get(COLUMNS[column]), rows[-1].get(COLUMNS[column])]
        looks.append(", ".join(f"{float(value):{form}}" for value in ends if value))
    return f"| {' | '.join([name, *looks, named_at(folder, rows) or ''])} |"


def named_at(folder, rows):
    """Returns at which step two looks in a row show the same sign, and the sign."""
    start, shape = before_training(folder)
    looks, projections, seen = [], [], set()
    for row in rows:
        own = {name: float(row[name]) for name in METRICS}
        projected = {
            name: float(row[column]) for name, column in PROJECTED.items() if row.get(column)
        }
        signs = collapse_signs(own, shape, start, looks)
        looks.append(own)
        if projected:
            signs |= projection_signs(projected, projections)
            projections.append(projected)
        if seen & set(signs):
            return f"{', '.join(sorted(seen & set(signs)))} at {row['step']}"
        seen = set(signs)
    return None


def before_training(folder):
    """Diagnoses the untrained encoder of a run on the items that the run watches; kept there."""
    kept = folder / "before_training.json"
    if not kept.exists():
        run = Run.load(folder)
        data = run.data.prepare(folder)
        count = min(run.config["fit"]["monitor_examples"], len(data.items))
        embeddings = Embedder(run.untrained)(watched_items(data, count))["embedding"]
        kept.write_text(json.dumps([diagnose(embeddings), embeddings.shape]))
    return json.loads(kept.read_text())


if __name__ == "__main__":
    main()
