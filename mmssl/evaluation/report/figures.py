"""Figures of the report as inline SVG that inherits its text color from the page."""

import io
import re

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from mmssl.evaluation.probes.registry import mean_and_std

COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#aa3377", "#66ccee")
OTHER = "#8a8f98"
_INK = "#010203"  # placeholder for the text color until the SVG is written
_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": _INK,
    "axes.grid": True,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.3,
    "grid.color": OTHER,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "text.color": _INK,
    "text.parse_math": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def lines(values, x, x_label):
    """Plots lines over one axis, with the legend above the plot.

    Args:
        values: dict from name to floats (N,); NaN marks a missing value.
        x: floats (N,).
        x_label: str.

    Returns:
        str, an `<svg>` element.
    """
    with rc_context(_STYLE):
        figure, axes = _figure(4.6, 2.9)
        for color, (name, y) in zip(_cycle(len(values)), values.items(), strict=True):
            known = np.isfinite(y)
            marker = "o" if known.sum() == 1 else None
            axes.plot(x[known], y[known], color=color, label=name, marker=marker)
        axes.set_xlabel(x_label)
        _finish(figure, axes, len(values))
        return _svg(figure, " ".join(values))


def blocks(scores, untrained=None, probes=("knn", "linear")):
    """Plots the accuracy of every probe along the blocks of an encoder.

    Args:
        scores: dict from block to dict from probe to accuracy.
        untrained: None, or the same for the untrained encoder, drawn dashed.
        probes: names of the probes to plot; those that a block does not have are omitted.

    Returns:
        str, an `<svg>` element.
    """
    names = list(scores)
    probes = [probe for probe in probes if all(probe in scores[name] for name in names)]
    with rc_context(_STYLE):
        figure, axes = _figure(4.6, 2.9)
        for color, probe in zip(_cycle(len(probes)), probes, strict=True):
            line = [mean_and_std(scores[n][probe])[0] for n in names]
            axes.plot(line, "o-", color=color, label=probe)
            if untrained:
                line = [mean_and_std(untrained[n][probe])[0] for n in names]
                axes.plot(line, "o--", color=color, alpha=0.6, label=f"{probe}, untrained")
        axes.set_xticks(range(len(names)), [name.removeprefix("block_") for name in names])
        axes.set(xlabel="block", ylabel="accuracy")
        _finish(figure, axes, len(probes) * (2 if untrained else 1))
        return _svg(figure, f"blocks {scores}")


def bars(values):
    """Plots one bar per name.

    Args:
        values: dict from name to float.

    Returns:
        str, an `<svg>` element.
    """
    with rc_context(_STYLE):
        figure, axes = _figure(4.6, 2.2)
        axes.bar(list(values), list(values.values()), color=COLORS[0])
        _finish(figure, axes, 1)
        return _svg(figure, f"bars {values}")


def dots(rows, baseline=None):
    """Plots accuracies, a row per name: trained as filled dots with error bars, untrained hollow.

    Args:
        rows: dict from name to a pair, trained and untrained, of (mean, standard deviation), or
            None if unknown; the standard deviation may be None.
        baseline: None, or a value to mark with a vertical line.

    Returns:
        str, an `<svg>` element.
    """
    names = list(rows)[::-1]
    with rc_context(_STYLE):
        figure, axes = _figure(4.6, 1.0 + 0.32 * len(names))
        for y, name in enumerate(names):
            for accuracy, fill in zip(rows[name], (COLORS[0], "none"), strict=True):
                if accuracy is not None:
                    style = {"fmt": "o", "color": COLORS[0], "markerfacecolor": fill}
                    axes.errorbar(accuracy[0], y, xerr=accuracy[1], capsize=3, **style)
        if baseline is not None:
            axes.axvline(baseline, color=OTHER, linestyle="--")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="accuracy", ylim=(-0.6, len(names) - 0.4))
        return _svg(figure, f"dots {rows}")


def scatter(points, colors):
    """Plots points without axes.

    Args:
        points: floats (N, 2).
        colors: list of N CSS colors; points in OTHER are drawn below the rest.

    Returns:
        str, an `<svg>` element.
    """
    with rc_context(_STYLE):
        figure, axes = _figure(6.4, 4.8)
        colors = np.array(colors)
        for layer, alpha in ((colors == OTHER, 0.4), (colors != OTHER, 0.85)):
            axes.scatter(*points[layer].T, s=14, c=colors[layer], alpha=alpha, linewidths=0)
        axes.axis("off")
        axes.margins(0.02)
        return _svg(figure, "map")


def _figure(width, height):
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _cycle(count):
    return [COLORS[i % len(COLORS)] for i in range(count)]


def _finish(figure, axes, count):
    axes.ticklabel_format(axis="y", useOffset=False)
    if count > 1:
        columns = 2 if count == 4 else 3
        figure.legend(loc="outside upper left", ncols=columns, handlelength=1.2, columnspacing=1.2)


def _svg(figure, salt):
    text = io.StringIO()
    # The salt makes the SVG of a figure reproducible, and the ids of two figures different.
    with rc_context({"svg.hashsalt": salt}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return svg.replace(_INK, "currentColor")
