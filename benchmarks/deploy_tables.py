"""Tables in Markdown of the figures of encoders, an encoder a row."""

import contextlib
import os
from functools import partial

from deploy_figures import FORMS
from deploy_ways import BATCH

WAYS = ("jitted", *FORMS)
TITLES = {"litert": "LiteRT", "saved_model": "SavedModel", "onnx": "ONNX"}
PROBES = ("knn", "linear")


def conditions(figures):
    """Returns what the figures were taken under, in a sentence."""
    others = [figure["other_cores"] for figure in figures]
    commits = ", ".join(sorted({figure["commit"] for figure in figures}))
    return (
        f"Commit {commits}, threads {figures[0]['threads']} of {os.cpu_count()} cores; others kept "
        f"{min(others):.1f} to {max(others):.1f} cores busy."
    )


def tables(figures):
    """Yields tables as lists of lines of Markdown, an encoder a row, and what is missing."""
    named = ["encoder", *(TITLES.get(form, form) for form in FORMS)]
    yield table("Size, MB", named, figures, size_cells, every_name)
    ways = ["encoder", "predict", "jitted", *named[1:]]
    for kind, title, unit in (
        ("item", "One item: times as fast as `predict`", "`predict`, ms"),
        ("batch", f"Batches of {BATCH}: times as fast as `predict`", "`predict`, items/s"),
    ):
        heads = ["encoder", unit, *ways[2:]]
        yield table(title, heads, figures, partial(speed_cells, kind=kind))
    yield table("Vectors", ["encoder", "kNN, linear", *named[1:]], figures, vector_cells)
    yield table("Memory, MB above the runtime", named, figures, memory_cells)
    sounds = [figure for figure in figures if figure["item_seconds"]]
    if sounds:
        yield table("Real-time factor of one item", ways, sounds, time_cells)
    yield missing(figures)


def every_name(figure):
    """Returns the recipes of an encoder in a cell, `vision/byol, dino`."""
    folder = figure["recipes"][0].partition("/")[0]
    return f"{folder}/{', '.join(name.partition('/')[2] for name in figure['recipes'])}"


def first_name(figure):
    first, *more = figure["recipes"]
    return f"{first} …" if more else first


def table(title, heads, figures, cells, name=first_name):
    lines = [f"**{title}**", "", line(heads), "|" + "---|" * len(heads)]
    for figure in figures:
        lines.append(line([name(figure), *cells(figure)]))
    return lines


def line(cells):
    return f"| {' | '.join(cells)} |"


def size_cells(figure):
    found = (figure["forms"].get(form, {}) for form in FORMS)
    return [f"{one['bytes'] / 1e6:.2f}" if "bytes" in one else "-" for one in found]


def speed_cells(figure, kind):
    speed = figure["speed"][kind]
    seconds = speed["predict"]["seconds"]
    first = f"{1000 * seconds:.1f}" if kind == "item" else f"{figure['items_a_call'] / seconds:.0f}"
    return [
        first,
        *(times(speed[way]) if way in speed else "-" for way in WAYS),
    ]


def times(way):
    ratio = way["over"]["predict"]
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def vector_cells(figure):
    forms = figure["forms"]
    return [floats(forms), *(vectors(forms.get(form, {}), form) for form in FORMS)]


def floats(forms):
    for found in forms.values():
        with contextlib.suppress(KeyError):
            return ", ".join(f"{100 * found['probes']['float32'][p]:.1f}" for p in PROBES)
    return "no labels"


def vectors(found, form):
    """Returns the difference of the vectors, and by how much the probes' accuracy changed."""
    if "bytes" not in found:
        return "-"
    exact = "difference" in found
    first = f"{found['difference']:.1g}" if exact else f"{found['mean_cosine']:.4f}"
    scores = found.get("probes", {})
    if form not in scores:
        return first
    changes = (100 * (scores[form][probe] - scores["float32"][probe]) for probe in PROBES)
    return ", ".join([first, *(f"{change:+.1f}" for change in changes)])


def memory_cells(figure):
    memory = figure["memory"]
    return [
        f"{memory[form]['peak_mb'] - memory[form]['runtime_mb']:.0f}" if form in memory else "-"
        for form in FORMS
    ]


def time_cells(figure):
    speed, seconds = figure["speed"]["item"], figure["item_seconds"]
    return [
        f"{speed[way]['seconds'] / seconds:.2g}" if way in speed else "-"
        for way in ("predict", *WAYS)
    ]


def missing(figures):
    return [
        f"- {every_name(figure)}: no {form}: {found['missing']}"
        for figure in figures
        for form, found in figure["forms"].items()
        if "missing" in found
    ]
