"""Probing a run: its encoder against the same encoder untrained and the raw input."""

import contextlib
import time
from collections import Counter

import numpy as np

from mmssl.evaluation.collapse.diagnostics import diagnose
from mmssl.evaluation.probes.baselines import raw_baseline
from mmssl.evaluation.probes.clusters import cluster_figures
from mmssl.evaluation.probes.features import Embedder, Features
from mmssl.evaluation.probes.hooks import validate
from mmssl.evaluation.probes.knn import TEMPERATURE
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.overlap import count_pretrained
from mmssl.evaluation.probes.registry import DEFAULT, get_probes
from mmssl.evaluation.probes.results import keep_result
from mmssl.evaluation.probes.splits import check_split
from mmssl.evaluation.probes.states import state_figures
from mmssl.evaluation.probes.units import unit_figures
from mmssl.evaluation.whitening.features import whiten_features

DIAGNOSED = 4096  # embeddings that the collapse diagnostics use


def evaluate(
    run,
    data=None,
    probes=DEFAULT,
    layer=None,
    seed=0,
    progress=None,
    temperature=TEMPERATURE,
):
    """Probes a run's encoder, by default with kNN and a linear layer, and stores the result.

    Hyperparameters are chosen on training items only; test items are used once, at the end.

    Args:
        run: Run.
        data: LabeledData; None for the data that the run was trained on.
        probes: names of probes; see `mmssl.evaluation.probes.registry.get_probes`.
        layer: block that the encoder and the untrained encoder are cut after, such as
            `"block_3"`; `"all"` also probes every block; None probes the whole encoder.
        seed: of all random draws.
        progress: None or function (stage, items done).
        temperature: of the kNN vote, above 0.

    Returns:
        dict of JSON values, stored in metrics.json of the run folder: `encoder`, `untrained` and
        `raw` (if the inputs have a baseline), each with the test accuracy of every probe, such as
        `knn` and `linear`, and the hyperparameters it chose, such as `C`; where the run has a
        whitening of this layer, `whitened`, the same of whitened features, and `whitening`, with
        `used` (whether embedded and exported vectors are), `why` and `components`; `layers` and
        `untrained_layers` (block -> the same, with `layer="all"`); `probes`, `temperature`,
        `n_train`, `n_test`, `pretrained_on` (how many of the test items; None if not known),
        `classes`, `majority`, `split`, `left_out` (what items lacked -> their number), `layer`,
        `data`, `step` (of the checkpoint of a run that has not ended; else None), `raw_features`,
        `diagnostics`, `held_out` (the method's own metrics, such as `mlm_loss`, each also at the
        top level; empty if it has none, with the reason in `held_out_missing` if they cannot be
        computed on these items), `units` (of a run that predicts units of sound: their `purity`,
        `pnmi` and `clusters`; in `units_missing` why not), `clusters` (of a run that learns from
        clusters, on the training items: see `cluster_figures`) and `seconds` (stage -> s).
        Without labels, only `held_out` and the description of the data.

    Raises:
        ValueError: there are no labels, only one class, or too few items; the splits are not train
            and test; or there is no such probe.
    """
    stages, probes = _Stages(progress), get_probes(probes, temperature)
    data = LabeledData.of(data).or_own(run.data)
    with stages("data"):
        source, split = data.open(run.data, seed)
    result = {"layer": layer, "data": data.describe(), "n_test": len(source), "step": run.step}
    if split is not None:
        check_split(split)
        result["pretrained_on"] = count_pretrained(run.data, data, split.test)
        result |= _probe(run, split, layer, probes, seed, stages) | {"temperature": temperature}
        with stages("units"):
            result |= _units(run, split.test)
        with stages("clusters"):
            result |= _clusters(run, split.train, seed)
    with stages("held out"):
        result |= _held_out(run, source)
    if split is None and not result["held_out"]:
        missing = result.get("held_out_missing", "the method has no metrics of its own")
        raise ValueError(
            f"{result['data']['source']} has no labels to probe with ({missing}): give "
            "labels=<table with a column file> or label_column ('folder' for one folder per class)."
        )
    result["seconds"] = stages.seconds
    keep_result(run.folder / "metrics.json", result)
    return result


class _Stages:
    """Times the stages of an evaluation and reports their progress."""

    def __init__(self, progress):
        self.seconds = {}
        self._progress = progress or (lambda stage, done: None)

    @contextlib.contextmanager
    def __call__(self, name):
        start = time.perf_counter()
        yield lambda done: self._progress(name, done)
        spent = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self.seconds[name] = round(spent, 3)


def _probe(run, split, layer, probes, seed, stages):
    features, blocks = _computed(run, split, layer, probes, seed, stages)

    def score(part, of_blocks):
        return _score(probes, part, of_blocks, split, seed, stages)

    result = {name: score(part, blocks[name]) for name, part in features.items()}
    at = None if layer == "all" else layer
    whitening, about = run.whitening_at(at)[0], run.about_whitening(at)
    if whitening is not None:
        components = whitening.kernel.shape[1]
        result["whitening"] = {"used": about.used, "why": about.why, "components": components}
        result["whitened"] = _whitened(whitening, features, score, seed, stages)
    if layer == "all":
        for name, key in (("encoder", "layers"), ("untrained", "untrained_layers")):
            result[key] = {block: score(part, {}) for block, part in blocks[name].items()}
    commonest, _ = Counter(split.train.labels.tolist()).most_common(1)[0]
    return result | {
        "probes": [probe.name for probe in probes],
        "raw_features": features["raw"].name if "raw" in features else None,
        "n_train": len(split.train),
        "classes": len(set(split.train.labels.tolist())),
        "majority": float(np.mean(split.test.labels == commonest)),
        "split": split.description,
        "left_out": split.left_out,
        "diagnostics": {
            name: diagnose(_spaced(features[name].parts[0])) for name in ("encoder", "untrained")
        },
    }


def _computed(run, split, layer, probes, seed, stages):
    """Returns the Features of encoder, untrained encoder and raw input, and of their blocks."""
    sources = [part for part in (split.train, split.test, split.val) if part is not None]
    features, blocks = {}, {"raw": {}}
    every_block = layer == "all" or any(probe.of_blocks for probe in probes)
    for name in ("encoder", "untrained"):
        with stages(f"{name} features") as progress:
            embedder = Embedder(getattr(run, name), layer, every_block)
            _check_widths(probes, embedder.block_widths)
            found = _features(embedder, run.data, sources, progress)
            _check_finite(name, found)
            features[name] = found.pop("embedding")
            blocks[name] = found
    with stages("raw features") as progress:
        baseline = raw_baseline(run.data, sources, seed, progress)
    if baseline is not None:
        features["raw"] = baseline
    return features, blocks


def _whitened(whitening, features, score, seed, stages):
    """Scores features whitened: the encoder's as deployed, the others by their training items."""
    components = whitening.kernel.shape[1]
    with stages("whitening"):
        found = {
            name: whiten_features(part, components, whitening if name == "encoder" else None, seed)
            for name, part in features.items()
        }
    return {name: score(part, {}) for name, part in found.items() if part is not None}


def _check_widths(probes, widths):
    summed = [probe.name for probe in probes if probe.of_blocks]
    if summed and len(set(widths.values())) != 1:
        wide = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise ValueError(
            f"The probe {summed[0]!r} sums blocks of one width; this encoder has {wide or 'none'}. "
            "Probe them one by one with layer='all'."
        )


def _features(embedder, data, sources, progress):
    passes = [embedder.source(data, source, progress) for source in sources]
    return {name: Features([one[name] for one in passes], name) for name in passes[0]}


def _check_finite(name, features):
    for at, found in features.items():
        wrong = sum(int((~np.isfinite(part)).any(axis=1).sum()) for part in found.parts)
        if wrong:
            raise ValueError(
                f"The {name} returns NaN or infinity for {wrong} items (at {at}): its training has "
                "diverged, or the items are not what it was trained on."
            )


def _score(probes, features, blocks, split, seed, stages):
    scores = {}
    for probe in probes:
        with stages(probe.name):
            scores |= probe.score(blocks if probe.of_blocks else features, split, seed)
    return scores


def _spaced(rows):
    """At most DIAGNOSED rows, evenly spaced, since data are often sorted by class."""
    return rows[:: -(-len(rows) // DIAGNOSED)]


def _units(run, source):
    try:
        figures = unit_figures(run, source)
    except ValueError as error:
        return {"units_missing": str(error)}
    return {"units": figures} if figures else {}


def _clusters(run, source, seed):
    try:
        figures = cluster_figures(run, source, seed)
    except ValueError:  # which is said of the held-out metrics, too
        return {}
    return {"clusters": figures} if figures else {}


def _held_out(run, source):
    try:
        figures = validate(run, run.method(), source) | state_figures(run, source)
        return {**figures, "held_out": figures}
    except ValueError as error:
        # The items of a probe need not suit the method: single sentences have no next one.
        return {"held_out": {}, "held_out_missing": str(error)}
