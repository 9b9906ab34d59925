"""Draws columns of a run's history against the step, one panel a column.

python -m docs.draw_history runs/speech accuracy code_perplexity --out docs/images/wav2vec2.png
"""

import argparse
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from mmssl.runs import read_history


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("columns", nargs="+", help="columns of its history.csv")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    options = parser.parse_args()
    rows = read_history(options.run / "history.csv")
    matplotlib.use("Agg")
    figure, panels = plt.subplots(
        1, len(options.columns), figsize=(4 * len(options.columns), 2.6), squeeze=False
    )
    steps = [int(row["step"]) for row in rows]
    for panel, column in zip(panels[0], options.columns, strict=True):
        panel.plot(steps, [float(row[column]) for row in rows])
        panel.set(xlabel="step", ylabel=column.replace("_", " "), xlim=(0, steps[-1]))
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(options.out, dpi=100)


if __name__ == "__main__":
    main()
