"""Size, speed and accuracy of exported encoders, as ratios to Keras `predict` in one run.

Each recipe is trained for a few steps on its built-in data, and the encoder that its run deploys,
whitened where the run decided so, is written in every format. Recipes with the same encoder share
one measurement. Speed is taken in turns (`predict`, the same model in a `tf.function` compiled by
XLA, every file, and again), with the same number of threads each; a ratio is the median over the
rounds of `predict`'s time over the file's, so more than 1 is faster than `predict`. One call of
`predict` gets one item, or as many batches as take half a second; the others are given the batches
one by one. Memory is that of a process of its own. Progress goes to stderr, tables to stdout;
`--json` prints a JSON line an encoder instead. Runs and figures that are in the folder are used.

    python benchmarks/deploy.py --out runs/deploy
    python benchmarks/deploy.py audio/cpc vision/simclr --out runs/deploy --forms saved_model int8
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from deploy_turns import compared, seconds_of
from steps import log, rounded
from timing import Watch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

PRECISIONS = ("float16", "dynamic", "int8")
FORMS = ("saved_model", "litert", *PRECISIONS, "onnx")
WAYS = ("jitted", *FORMS)
TITLES = {"litert": "LiteRT", "saved_model": "SavedModel", "onnx": "ONNX"}
BATCH = 16
# Built-in sounds last 1.4 seconds at most; the encoder is the same for any length.
SHORTER = {"audio/simclr": ["--data.window=16000"]}
PREDICTED_SECONDS, MOST_BATCHES = 0.5, 64  # of a call of `predict`


def main():
    options = parse_options()
    options.commit = commit()
    figures = [measured(names, options) for names in groups(options.recipes)]
    if options.json:
        for figure in figures:
            print(json.dumps(rounded(figure)))
        return
    print(conditions(figures), *map("\n".join, tables(figures)), sep="\n\n")


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="names; all but the paper recipes if none")
    parser.add_argument("--out", type=Path, required=True, help="folder of runs and figures")
    parser.add_argument("--forms", nargs="+", default=list(FORMS), choices=FORMS)
    parser.add_argument("--steps", type=int, default=20, help="of training")
    parser.add_argument("--rounds", type=int, default=5, help="in which all ways take turns")
    parser.add_argument("--threads", type=int, default=1, help="that each way computes with")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def groups(recipes):
    """Yields lists of names of recipes that deploy an encoder of the same configuration."""
    from mmssl.runs import read_recipe, recipe_names

    found = {}
    for name in recipes or [name for name in recipe_names() if not name.endswith("_paper")]:
        config = read_recipe(name)
        same = config["method"]["init_args"]["encoder"], config["probe"]
        found.setdefault(json.dumps(same, sort_keys=True), []).append(name)
    return list(found.values())


def measured(names, options):
    """Returns the figures of an encoder, from the folder if they are there."""
    folder = options.out / names[0].replace("/", "-")
    kept = folder / "deploy.json"
    if kept.exists():
        return json.loads(kept.read_text()) | {"recipes": names}
    log(f"{', '.join(names)}: training")
    with Watch() as watch:
        figures = measure(trained(names[0], folder, options), options)
    figures |= {
        "recipes": names,
        "commit": options.commit,
        "threads": options.threads,
        "seconds": watch.seconds,
        "other_cores": watch.others / watch.seconds,
    }
    kept.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def trained(recipe, folder, options):
    import tensorflow as tf

    from mmssl.evaluation.whitening.of_run import whiten_run
    from mmssl.training.loop import pretrain

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    few = [f"--fit.steps={options.steps}", "--fit.monitor_examples=0", *SHORTER.get(recipe, [])]
    run = pretrain(recipe, folder, few, quiet=True)
    whiten_run(run)
    return run


def measure(run, options):
    """Returns the figures of a run's encoder in every form."""
    from mmssl.deploy import as_float32

    encoder = as_float32(run.deployed_encoder(run.layer))
    source = run.data.prepare(run.folder).items
    item, batch = (inputs(run.data, encoder, source, count) for count in (1, BATCH))
    files, forms = {}, {}
    for form in options.forms:
        log(f"  {form}: exporting")
        files[form], forms[form] = written(run, form)
    exact = {form: files[form] for form in ("saved_model", "litert", "onnx") if files.get(form)}
    probes = probed(run.data, encoder, exact)
    for form in exact:
        forms[form]["probes"] = probes
    log("  speed")
    ways = {"predict": partial(predict, encoder)} | jitted(encoder, item, forms)
    ways |= {form: loaded(path, options.threads) for form, path in files.items() if path}
    items = {name: partial(way, item) for name, way in ways.items()}
    batches, count = of_batches(ways, batch)
    speed = {"item": in_turns(items, options.rounds), "batch": in_turns(batches, options.rounds)}
    whitening = run.about_whitening(run.layer)
    log("  memory")
    memory = {form: memory_of(path, item) for form, path in files.items() if path}
    seconds = item["waveform"].shape[1] / run.data.sample_rate if "waveform" in item else None
    return {
        "whitened": whitening is not None and whitening.used,
        "layer": run.layer,
        "weights": int(encoder.count_params()),
        "shapes": {name: list(array.shape) for name, array in item.items()},
        "item_seconds": seconds,
        "forms": forms,
        "speed": speed,
        "items_a_call": count * BATCH,
        "memory": memory,
    }


def inputs(data, encoder, source, count):
    """Returns the encoder's inputs for the first items of a source, as large as in training."""
    first = source.select(np.arange(min(count, len(source))))
    batch = next(iter(data.middles(first, count).as_numpy_iterator()))
    return {name: batch[name] for name in encoder.input}


def written(run, form):
    """Returns the path of an export and its figures; None and the reason where there is none."""
    from mmssl.deploy import ExportError, export_quantized, export_run

    path = run.folder / "exported" / f"{form}{SUFFIXES.get(form, '.tflite')}"
    path.parent.mkdir(exist_ok=True)
    try:
        if form not in PRECISIONS:
            result = export_run(run, form, path, run.layer)
            return path, {"bytes": result.bytes, "difference": result.max_difference}
        result = export_quantized(run, form, path, run.layer)
    except ExportError as error:
        return None, {"missing": str(error)}
    named = ("bytes", "share", "mean_cosine", "min_cosine", "probes")
    return path, {name: getattr(result, name) for name in named}


SUFFIXES = {"saved_model": "", "onnx": ".onnx"}


def probed(data, encoder, files):
    """Returns the probes of the float encoder and of the files that compute the same."""
    from mmssl.deploy import load_exported
    from mmssl.deploy.probed import probe_both
    from mmssl.encoders.parts.whitening import unwhitened
    from mmssl.evaluation.probes.features import embed

    def of_file(path):
        run = load_exported(path)

        def vectors(source, stage):
            log(f"  {stage}")
            examples = data.middles(source, BATCH).as_numpy_iterator()
            return np.concatenate(
                [run({n: batch[n] for n in encoder.input})["embedding"] for batch in examples]
            )

        return vectors

    def of_keras(source, stage):
        log(f"  {stage}")
        return embed(encoder, data.middles(source, BATCH))

    forms = {"float32": of_keras} | {f: of_file(p) for f, p in files.items()}
    return probe_both(data, forms, whitened=unwhitened(encoder)[1] is not None)


def predict(encoder, batch):
    return encoder.predict(batch, batch_size=BATCH, verbose=0)


def of_batches(ways, batch):
    """Returns ways of embedding many batches, all in one call of `predict`, and how many."""
    way = ways.get("saved_model", ways["predict"])
    way(batch)
    begin = time.perf_counter()
    way(batch)
    count = round(PREDICTED_SECONDS / (time.perf_counter() - begin))
    count = min(max(1, count), MOST_BATCHES)
    every = {name: np.concatenate([array] * count) for name, array in batch.items()}

    def one_by_one(way):
        for _ in range(count):
            way(batch)

    calls = {name: partial(one_by_one, way) for name, way in ways.items()}
    return calls | {"predict": partial(ways["predict"], every)}, count


def in_turns(ways, rounds):
    return compared({name: partial(seconds_of, way) for name, way in ways.items()}, rounds)


def jitted(encoder, item, forms):
    """Returns the encoder compiled by XLA, or nothing and the reason among the forms."""
    import tensorflow as tf

    call = tf.function(lambda batch: encoder(batch, training=False), jit_compile=True)

    def run(batch):
        outputs = call({name: tf.constant(array) for name, array in batch.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    try:
        run(item)
    except (tf.errors.OpError, ValueError) as error:
        forms["jitted"] = {"missing": str(error).strip().splitlines()[0]}
        return {}
    return {"jitted": run}


def loaded(path, threads):
    from mmssl.deploy import load_exported
    from mmssl.quiet import quiet

    with quiet():  # LiteRT logs the delegate that it creates
        return load_exported(path, None if path.suffix == "" else threads)


def memory_of(path, item):
    """Returns the figures of deploy_memory.py for an export and an item."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "item.npz", **item)
        command = [sys.executable, str(Path(__file__).with_name("deploy_memory.py")), str(path)]
        done = subprocess.run(
            [*command, f"{folder}/item.npz"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def commit():
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


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


PROBES = ("knn", "linear")


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


if __name__ == "__main__":
    main()
