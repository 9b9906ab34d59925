"""report.html: one page on what a run has learned."""

import json

import numpy as np
import yaml

from mmssl.evaluation.probes.features import embed_source
from mmssl.evaluation.probes.hooks import report_examples
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.registry import title_of
from mmssl.evaluation.probes.results import of_the_end, read_results
from mmssl.evaluation.probes.table import (
    FINE_TUNING,
    accuracy_rows,
    figure,
    fine_tuning_caption,
    fine_tuning_cells,
    mean_and_error,
    probe_caption,
    probe_title,
    probes_in,
)
from mmssl.evaluation.report import figures, page
from mmssl.evaluation.report.curves import curve_panels
from mmssl.evaluation.report.embedding_map import embedding_map
from mmssl.evaluation.report.neighbors import image_uri, neighbor_rows, player
from mmssl.evaluation.report.verdict import advice, healthy, learned, unprobed
from mmssl.evaluation.words.measure import KIND, word_rows
from mmssl.files import write_text
from mmssl.runs import read_history
from mmssl.runs.history import waiting

SHOWN = 1500  # items embedded for the map and the neighbors


def write_report(run, data=None, probe=None, seed=0):
    """Writes a run's report as one self-contained HTML file.

    Missing parts are omitted, with a sentence on how to add them.

    Args:
        run: Run.
        data: LabeledData of the items to map and compare, of which the test items are shown;
            None for the data of the last probe, or else of the training.
        probe: dict returned by `evaluate`; None for all results in metrics.json.
        seed: of the random choice of items to show.

    Returns:
        pathlib.Path of report.html in the run folder.
    """
    results = read_results(run.folder / "metrics.json") if probe is None else [probe]
    data = LabeledData.of(data)
    history = read_history(run.folder / "history.csv")
    sections = [
        _header(run, history),
        _verdict(run, results, history),
        _probes(run, results),
        *_words(read_results(run.folder / "metrics.json", KIND)),
        *_fine_tuning(read_results(run.folder / "metrics.json", "fine_tuning")),
        _training(run, history),
        *_items(run, data, results, seed),
        _details(run),
    ]
    path = run.folder / "report.html"
    write_text(path, page.page(f"mmssl: {run.recipe}", sections))
    return path


def _header(run, history):
    made = _environment(run)
    versions = made.get("versions", {})
    data = made.get("data", {})
    names = ("mmssl", "keras", "tensorflow", "python")
    last, waited = history[-1] if history else {}, waiting(history)
    pairs = [
        ("data", _source(run.config["data"]["init_args"].get("source"))),
        ("items", data.get("items")),
        ("data fingerprint", data.get("fingerprint")),
        ("seed", made.get("seed")),
        ("steps", last.get("step")),
        ("training time", _duration(last.get("seconds"))),
        ("waiting for input", None if waited is None else f"{waited:.1%} of a step"),
        ("devices", ", ".join(made.get("devices", []))),
        ("versions", ", ".join(f"{name} {versions[name]}" for name in names if name in versions)),
    ]
    known = [(name, value) for name, value in pairs if value not in (None, "")]
    method = run.config["method"]["class_path"].rpartition(".")[2]
    return (
        f'<header><h1>{page.escape(run.recipe)}</h1><p class="soft">{page.escape(method)}, '
        f"{page.escape(str(run.folder))}</p>{page.facts(known)}</header>"
    )


def _verdict(run, results, history):
    probed = of_the_end([result for result in results if "encoder" in result])
    asked = (
        ("Has it learned?", learned(probed[-1]) if probed else unprobed(history)),
        ("Is it healthy?", healthy(run, history)),
    )
    answers = (f"<h3>{title}</h3><p>{page.marked(text)}</p>" for title, text in asked)
    steps = "".join(f"<li>{page.marked(text)}</li>" for text in advice(run, probed, history))
    return page.section("Verdict", *answers, f"<h3>What next?</h3><ul>{steps}</ul>")


def _probes(run, results):
    if not results:
        return page.section(
            "Probes",
            page.sentence(
                "No probe has been run. This command adds this part: "
                f"`mmssl evaluate {run.folder} --data.labels LABELS.tsv`"
            ),
        )
    return page.section("Probes", *(_probe(run, result) for result in reversed(results)))


def _probe(run, result):
    parts = [f"<h3>{page.escape(probe_title(result))}</h3>"]
    rows = accuracy_rows(result)
    if rows:
        parts += [_accuracies(result, rows), page.sentence(probe_caption(result))]
        if result.get("raw_features"):
            parts.append(
                page.sentence(f"The raw input is represented by {result['raw_features']}.")
            )
    if "layers" in result:
        caption = "Test accuracy of the embedding after each block."
        layers, untrained = result["layers"], result.get("untrained_layers")
        curve = figures.blocks(layers, untrained, probes_in(result))
        parts.append(page.panels([page.panel("Block by block", curve, caption)]))
    elif rows:
        parts.append(
            page.sentence(f"To probe every block: `mmssl evaluate {run.folder} --layer all`")
        )
    weights = result.get("encoder", {}).get("block_weights")
    if weights:
        caption = "Weights of the blocks in the sum that the probe `weighted` learned."
        drawn = figures.bars({name.removeprefix("block_"): w for name, w in weights.items()})
        parts.append(page.panels([page.panel("Weights of the blocks", drawn, caption)]))
    if "units" in result:
        told = "What the units of sound that it was trained on say of these labels:"
        parts += [page.sentence(told), page.facts(_figures(result["units"]))]
    if "clusters" in result:
        told = "What clusters of the training items say of these labels:"
        parts += [page.sentence(told), page.facts(_figures(result["clusters"]))]
    if result.get("held_out"):
        measured = _figures(result["held_out"])
        parts += [page.sentence("The method itself, on held-out items:"), page.facts(measured)]
    elif result.get("held_out_missing"):
        text = f"No held-out metrics of the method: {result['held_out_missing']}"
        parts.append(page.sentence(text))
    return "\n".join(parts)


def _words(results):
    if not results:
        return []
    text = (
        "Rank correlation of cosines with what people say, or the share of analogies that are "
        "completed, over those whose words are all known."
    )
    titles = ("words", "known", "encoder", "untrained encoder")
    return [page.section("Words", page.table(titles, word_rows(results)), page.sentence(text))]


def _figures(named):
    return [(name, figure(value)) for name, value in named.items()]


def _accuracies(result, rows):
    lines = []
    for name, scores, best in rows:
        cells = (_cell(scores, p, result["n_test"], best) for p in probes_in(result))
        lines.append(f"<tr><th>{page.escape(name)}</th>{''.join(cells)}</tr>")
    heads = "".join(f"<th>{page.escape(title_of(probe))}</th>" for probe in probes_in(result))
    return (
        f"<table><thead><tr><th>features</th>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _cell(scores, probe, count, best):
    if probe not in scores:
        return "<td></td>"
    style = ' class="best"' if best[probe] else ""
    mean, error = mean_and_error(scores[probe], count)
    return f"<td{style}>{mean:.3f} <small>± {error:.3f}</small></td>"


def _fine_tuning(results):
    if not results:
        return []
    parts = []
    for result in reversed(results):
        rows = [
            (text, *fine_tuning_cells(result, name))
            for name, text in FINE_TUNING.items()
            if name in result
        ]
        table = page.table(("classifier", "accuracy", "draws", "seconds per draw"), rows)
        title = f"<h3>{page.escape(probe_title(result))}</h3>"
        parts += [title, table, page.sentence(fine_tuning_caption(result))]
    return [page.section("Fine-tuning", *parts)]


def _training(run, history):
    if history:
        return page.section("Training", curve_panels(history))
    text = f"No history yet: `mmssl pretrain {run.recipe} --out {run.folder}` trains this run."
    return page.section("Training", page.sentence(text))


def _items(run, data, results, seed):
    """Sections on single items: the map, the neighbors and what the method draws and plays."""
    try:
        data = _request(run, data, results)
        source, _ = data.open(run.data, seed)
        encoder = run.deployed_encoder(run.layer)
    except ValueError as error:
        text = (
            f"{_sentence(error)} `mmssl report {run.folder} --data.source SOURCE` adds this part."
        )
        return [page.section("Embeddings", page.sentence(text))]
    if len(source) < 2:
        text = f"There is a single item in {data.describe()['source']}: nothing to compare."
        return [page.section("Embeddings", page.sentence(text))]
    order = np.random.default_rng(seed).permutation(len(source))[:SHOWN]
    source = source.select(np.sort(order))
    return [
        *_embeddings(run, encoder, source, seed),
        # Shuffled, since the source is often sorted by class.
        *_examples(run, source.select(np.random.default_rng(seed).permutation(len(source)))),
    ]


def _embeddings(run, encoder, source, seed):
    """The map and the neighbors of the items whose embedding is finite."""
    embeddings = embed_source(encoder, run.data, source)
    finite = np.isfinite(embeddings).all(axis=1)
    wrong = int((~finite).sum())
    text = f"The encoder returns NaN or infinity for {wrong} of {len(source)} items."
    missing = [page.sentence(text)] if wrong else []
    if finite.sum() < 2:
        return [page.section("Embeddings", *missing)]
    source, embeddings = source.select(finite), embeddings[finite]
    rows = neighbor_rows(run.data, source, embeddings, seed)
    intro = "The first item of each row is the query. Cosines are between embeddings."
    drawn = embedding_map(embeddings, source.labels, seed)
    return [
        page.section("Map of the embeddings", *missing, drawn),
        page.section("Nearest neighbors", page.sentence(intro), rows),
    ]


def _request(run, data, results):
    """The data to show: those requested, or those of the last probe, or the run's own."""
    own = LabeledData().or_own(run.data)
    if not data.is_empty():
        return data.or_own(run.data)
    if results and results[-1]["data"] != own.describe():
        return LabeledData(**results[-1]["data"])
    return own


def _examples(run, source):
    try:
        drawn, played = report_examples(run, source)
    except ValueError as error:
        return [page.section("Method", page.sentence(_sentence(error)))]
    parts = [
        f'<figure class="picture"><h3>{page.escape(title)}</h3>'
        f'<img style="max-width:{2 * image.shape[1]}px; min-width:min(640px, '
        f'{image.shape[1]}px)" alt="" src="{image_uri(image)}">'
        f"<figcaption>{page.escape(caption)}</figcaption></figure>"
        for title, caption, image in drawn
    ]
    parts += [_players(title, clips, run.data.sample_rate) for title, clips in played]
    return [page.section("Method", *parts)] if parts else []


def _players(title, clips, rate):
    rows = (
        f'<div class="row">{"".join(_heard(name, wave, rate) for name, wave in clip.items())}</div>'
        for clip in clips
    )
    return f"<h3>{page.escape(title)}</h3>{''.join(rows)}"


def _heard(name, wave, rate):
    return f'<div class="item">{player(wave, rate)}<p>{page.escape(name)}</p></div>'


def _details(run):
    parts = [page.folded("config.yaml", yaml.safe_dump(run.config, sort_keys=False))]
    made = _environment(run)
    if made:
        parts.append(page.folded("environment.json", json.dumps(made, indent=1)))
    skipped = run.folder / "skipped.txt"
    if skipped.exists() and skipped.stat().st_size:
        parts.append(page.folded("skipped.txt", skipped.read_text(encoding="utf-8")))
    return page.section("Details", *parts)


def _environment(run):
    path = run.folder / "environment.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _sentence(error):
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _source(spec):
    return ", ".join(map(str, spec)) if isinstance(spec, list | tuple) else spec


def _duration(seconds):
    if not seconds:
        return None
    minutes, rest = divmod(round(float(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
