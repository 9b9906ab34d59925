"""Measures what a run on a table is worth beside what its users would pick instead.

For each share of the labels and each seed, the same labels go to gradient-boosted trees and to
logistic regression of scikit-learn, to a linear probe of the frozen encoder, and to the encoder
fine-tuned and the same network from scratch. The table on stdout has mean and standard deviation of
the accuracy on the test items.

    nice python benchmarks/tables.py runs/scarf adult.csv --label-column income
"""

import argparse

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from mmssl.evaluation import LabeledData, finetune
from mmssl.evaluation.probes.baselines import table_baseline
from mmssl.evaluation.probes.few_shot import summarize
from mmssl.evaluation.probes.splits import few_labels
from mmssl.runs import Run

SHARES, SEEDS = (0.01, 0.1, 1.0), 5
TUNED = {
    "fine_tuned": "fine-tuned",
    "from_scratch": "from scratch",
    "linear_probe": "linear probe, frozen",
}
TREES, REGRESSION = "gradient-boosted trees", "logistic regression"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run")
    parser.add_argument("source", help="the labeled table")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    options = parser.parse_args()
    run = Run.load(options.run)
    data = LabeledData(options.source, label_column=options.label_column)
    _, split = data.open(run.data)
    columns = {}
    for share in options.shares:
        found = {}
        for seed in range(options.seeds):
            for name, accuracy in measured(run, data, split, share, seed).items():
                found.setdefault(name, []).append(accuracy)
        columns[f"{share:.0%}"] = {name: summarize(values) for name, values in found.items()}
    print_table(columns)


def measured(run, data, split, share, seed):
    """Returns the accuracy on the test items by the name of the classifier."""
    result = finetune(run, data, share, draws=1, from_scratch=True, seed=seed)
    tuned = {title: result[name]["mean"] for name, title in TUNED.items()}
    # As `finetune` draws them.
    chosen = few_labels(split.train.labels, (seed, 0), fraction=share)
    return tuned | scikit_learn(run.data, split, chosen, seed)


def scikit_learn(data, split, chosen, seed):
    """Trains trees on the columns as they are, and regression on what an encoder sees of them."""
    labels, found = split.train.labels[chosen], {}
    count = len(data.schema.numbers)
    codes = np.arange(len(data.schema.columns)) >= count
    trees = HistGradientBoostingClassifier(categorical_features=codes, random_state=seed)
    train, test = (coded(source) for source in (split.train, split.test))
    trees.fit(train[chosen], labels)
    found[TREES] = float((trees.predict(test) == split.test.labels).mean())
    train, test = table_baseline(data, [split.train, split.test]).parts
    regression = LogisticRegression(C=1.0, max_iter=1000)
    regression.fit(train[chosen], labels)
    found[REGRESSION] = float((regression.predict(test) == split.test.labels).mean())
    return found


def coded(source):
    """Returns the coded rows of a source, with NaN for gaps: float32 (N, columns)."""
    rows = np.arange(len(source)) if source.chosen is None else source.chosen
    return np.array(source.content[rows])


def print_table(columns):
    names = dict.fromkeys(name for found in columns.values() for name in found)
    print(f"| classifier | {' | '.join(columns)} |")
    print(f"|{'---|' * (1 + len(columns))}")
    for name in names:
        cells = (
            f"{found[name]['mean']:.4f} ± {found[name]['std']:.4f}" for found in columns.values()
        )
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
