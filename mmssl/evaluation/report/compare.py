"""Comparison of runs: their accuracy and their cost."""

import json

from mmssl.evaluation.probes.evaluate import evaluate
from mmssl.evaluation.probes.few_shot import summarize
from mmssl.evaluation.probes.knn import TEMPERATURE
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.evaluation.probes.registry import DEFAULT, is_knn, mean_and_std, temperature_of
from mmssl.evaluation.probes.results import read_results
from mmssl.runs import read_history
from mmssl.runs.keys import flat

COUNTS = ("n_test", "pretrained_on")


def compare(runs, data=None, probes=None, seed=0, progress=None, temperature=TEMPERATURE):
    """Summarizes runs, aggregating those of one recipe that differ only in their seed.

    Results already in a run's metrics.json are not recomputed; without `data`, nothing is.

    Args:
        runs: list of Run, one or more, trained to the end.
        data: LabeledData to compare on, probing runs that have no such result yet; None for the
            data of the last probe of the first run that has any.
        probes: names of probes; None for those that the runs have, with at least `knn` and `linear`
            if data are given.
        seed: see `evaluate`.
        progress: None or function (stage, items done).
        temperature: of kNN, above 0; accuracies at other temperatures are not compared.

    Returns:
        dict of JSON values: `data`, `probes` (names in order), `temperature`, `raw` (probe ->
        accuracy of the raw input, if known) and `rows`, a list of dicts: `name`, `folders`,
        `seeds`, `parameters` of the deployed encoder, and, each as returned by `summarize`,
        `seconds` of training, `rankme`, and `encoder` and `untrained`, dicts from probe to
        accuracy; `n_test` and `pretrained_on` as returned by `evaluate`. What a run does not have
        is omitted.

    Raises:
        ValueError: no run has been probed and no data are given, or a run cannot be probed.
    """
    data = LabeledData.of(data)
    given = not data.is_empty()
    described = _described(data.describe() if given else _last_data(runs))
    found = [_found(run, described, temperature) for run in runs]
    if given:
        needed = tuple(probes or DEFAULT)
        for index, (run, result) in enumerate(zip(runs, found, strict=True)):
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
                found[index] = _found(run, described, temperature)
    shown = list(probes or dict.fromkeys(p for one in found for p in one.get("probes", ())))
    groups = _groups(runs)
    names = _names([runs[indices[0]] for indices in groups])
    return {
        "data": described,
        "probes": shown,
        "temperature": temperature,
        "raw": _means([one.get("raw", {}) for one in found], shown),
        "rows": [
            _row(name, [runs[i] for i in indices], [found[i] for i in indices], shown)
            for name, indices in zip(names, groups, strict=True)
        ],
    }


def _described(data):
    return {name: value for name, value in data.items() if value is not None}


def _last_data(runs):
    for run in runs:
        results = _probed(run)
        if results:
            return results[-1]["data"]
    raise ValueError(
        f"{runs[0].folder} has not been probed: give data with labels, such as --data.source."
    )


def _probed(run):
    """The results of the probes of a run's end; those at an earlier step are of another encoder."""
    results = [result for result in read_results(run.files.metrics) if "encoder" in result]
    return [result for result in results if result.get("step") is None]


def _found(run, data, temperature):
    """Merges the results of a run's probes on the data, at its own layer.

    kNN at another temperature is left out.
    """
    layers = (run.layer, "all") if run.layer is None else (run.layer,)
    merged = {}
    for result in _probed(run):
        if _described(result["data"]) == data and result["layer"] in layers:
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
                "test_items": {name: result[name] for name in COUNTS if name in result},
            }
    return merged


def _groups(runs):
    """Groups the indices of the runs that differ only in their seed."""
    groups = {}
    for index, run in enumerate(runs):
        config = run.config | {"fit": {**run.config["fit"], "seed": None}}
        groups.setdefault(json.dumps(config, sort_keys=True), []).append(index)
    return list(groups.values())


def _names(runs):
    """Names runs by their recipe and, within one recipe, by the settings that differ."""
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
        "encoder": _summaries([one.get("encoder", {}) for one in found], probes),
        "untrained": _summaries([one.get("untrained", {}) for one in found], probes),
    }
    ranks = [one["rankme"] for one in found if "rankme" in one]
    tested = next((one["test_items"] for one in found if one.get("test_items")), {})
    return row | tested | ({"rankme": summarize(ranks)} if ranks else {})


def _summaries(rows, probes):
    """Probe -> mean and standard deviation over the runs that have it."""
    means = {p: [mean_and_std(row[p])[0] for row in rows if p in row] for p in probes}
    return {probe: summarize(values) for probe, values in means.items() if values}


def _means(rows, probes):
    return {probe: accuracy["mean"] for probe, accuracy in _summaries(rows, probes).items()}
