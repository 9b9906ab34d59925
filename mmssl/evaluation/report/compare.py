"""Runs side by side: what they reach, what they cost."""

import json

from mmssl.evaluation.probes.evaluate import evaluate
from mmssl.evaluation.probes.few_shot import summarize
from mmssl.evaluation.probes.knn import TEMPERATURE
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.registry import DEFAULT, is_knn, mean_and_std, temperature_of
from mmssl.evaluation.probes.results import read_results
from mmssl.runs import read_history
from mmssl.runs.keys import flat


def compare(runs, data=None, probes=None, seed=0, progress=None, temperature=TEMPERATURE):
    """Sums runs up, those of one recipe that differ in their seed alone together.

    Nothing is computed that a run's metrics.json holds; without `data` nothing at all.

    Args:
        runs: list of Run, one or more, trained to the end.
        data: LabeledData to compare on, probed where a run has no such result yet; None for
            the data of the first run's last probe, or of the next one's that has any.
        probes: names of probes; None for those that the runs have, `knn` and `linear` at least
            where data are given.
        seed: see `evaluate`.
        progress: None or function (stage, items done).
        temperature: of kNN, above 0; figures at another one are not compared.

    Returns:
        dict of JSON values: `data`, `probes` (names in order), `temperature`, `raw` (probe ->
        accuracy of the raw input, where known) and `rows`, a list of dicts: `name`, `folders`,
        `seeds`, `parameters` of the encoder that is deployed, and each as `summarize`: `seconds` of
        training, `rankme`, and `encoder` and `untrained`, dicts from probe to accuracy. What a run
        lacks is left out.

    Raises:
        ValueError: no run has been probed and no data are given, or a run cannot be probed.
    """
    data = LabeledData.of(data)
    given = not data.is_empty()
    described = _described(data.describe() if given else _last_data(runs))
    found = [_found(run, described, temperature) for run in runs]
    if given:
        needed = tuple(probes or DEFAULT)
        for place, (run, result) in enumerate(zip(runs, found, strict=True)):
            if not set(needed) <= set(result.get("encoder", {})):
                evaluate(
                    run,
                    data,
                    probes=needed,
                    layer=run.layer,
                    seed=seed,
                    progress=progress,
                    temperature=temperature,
                )
                found[place] = _found(run, described, temperature)
    shown = list(probes or dict.fromkeys(p for one in found for p in one.get("probes", ())))
    groups = _groups(runs)
    names = _names([runs[places[0]] for places in groups])
    return {
        "data": described,
        "probes": shown,
        "temperature": temperature,
        "raw": _means([one.get("raw", {}) for one in found], shown),
        "rows": [
            _row(name, [runs[i] for i in places], [found[i] for i in places], shown)
            for name, places in zip(names, groups, strict=True)
        ],
    }


def _described(data):
    return {name: value for name, value in data.items() if value is not None}


def _last_data(runs):
    for run in runs:
        results = [r for r in read_results(run.files.metrics) if "encoder" in r]
        if results:
            return results[-1]["data"]
    raise ValueError(
        f"{runs[0].folder} has not been probed: give data with labels, such as --data.source."
    )


def _found(run, data, temperature):
    """Everything that a run's probes of the data, at its own layer, have found.

    Votes of neighbors at another temperature are left out.
    """
    layers = (run.layer, "all") if run.layer is None else (run.layer,)
    merged = {}
    for result in read_results(run.files.metrics):
        if "encoder" in result and _described(result["data"]) == data and result["layer"] in layers:
            fits = temperature_of(result) in (None, temperature)
            probes = [p for p in result.get("probes", DEFAULT) if fits or not is_knn(p)]
            rows = {
                name: merged.get(name, {})
                | {probe: result[name][probe] for probe in probes if probe in result[name]}
                for name in ("encoder", "untrained", "raw")
                if name in result
            }
            merged |= rows | {
                "probes": list(dict.fromkeys([*merged.get("probes", ()), *probes])),
                "rankme": result["diagnostics"]["encoder"]["rankme"],
            }
    return merged


def _groups(runs):
    """Places of the runs that differ in their seed alone, list by list."""
    groups = {}
    for place, run in enumerate(runs):
        config = run.config | {"fit": {**run.config["fit"], "seed": None}}
        groups.setdefault(json.dumps(config, sort_keys=True), []).append(place)
    return list(groups.values())


def _names(runs):
    """Names runs by their recipes and, of one recipe, by what they differ in."""
    settings = [{k: v for k, v in flat(run.config) if v != {}} for run in runs]
    names = []
    for run, own in zip(runs, settings, strict=True):
        rivals = [
            other for one, other in zip(runs, settings, strict=True) if one.recipe == run.recipe
        ]
        keys = dict.fromkeys(key for rival in rivals for key in rival)
        apart = [key for key in keys if len({str(rival.get(key)) for rival in rivals}) > 1]
        marks = [f"{key.split('.')[-1]}={own.get(key)}" for key in apart if key != "fit.seed"]
        names.append(f"{run.recipe} ({', '.join(marks)})" if marks else run.recipe)
    return names


def _row(name, runs, found, probes):
    parameters = runs[0].encoder_at(runs[0].layer).count_params()
    seconds = [float(read_history(run.files.history)[-1]["seconds"]) for run in runs]
    row = {
        "name": name,
        "folders": [str(run.folder) for run in runs],
        "seeds": len(runs),
        "parameters": parameters,
        "seconds": summarize(seconds),
        "encoder": _spreads([one.get("encoder", {}) for one in found], probes),
        "untrained": _spreads([one.get("untrained", {}) for one in found], probes),
    }
    ranks = [one["rankme"] for one in found if "rankme" in one]
    return row | ({"rankme": summarize(ranks)} if ranks else {})


def _spreads(rows, probes):
    """Probe -> spread over the runs that have its figure."""
    figures = {p: [mean_and_std(row[p])[0] for row in rows if p in row] for p in probes}
    return {probe: summarize(values) for probe, values in figures.items() if values}


def _means(rows, probes):
    return {probe: figure["mean"] for probe, figure in _spreads(rows, probes).items()}
