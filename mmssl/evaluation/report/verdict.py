"""The verdict on a run in words: has it learned, is it healthy, what to do next."""

import json
import math

import numpy as np

from mmssl.encoders import blocks
from mmssl.evaluation.probes.registry import mean_and_std, title_of
from mmssl.evaluation.probes.table import in_use, mean_and_error, probes_in, standard_error
from mmssl.runs.history import waiting

CLEAR = 2  # standard errors that a difference must exceed to be called one
FALLING = 0.02  # of the whole fall of the loss, in the last fifth of the steps
SOLVED = 0.95  # accuracy of a contrastive task that has little left to teach
STARVED = 0.05  # share of a step spent waiting for input, from which on it is said


def learned(result):
    """Says whether an encoder has learned: better than untrained, and than the raw input.

    Two accuracies differ if they are more than two standard errors of their difference apart;
    those of several draws of labels are compared draw by draw, since all had the same draws. Where
    the run is whitened, so are the features; the raw input counts in its better form.

    Args:
        result: dict returned by `evaluate`, with the accuracies of an encoder.

    Returns:
        str, sentences with the figures.
    """
    result = in_use(result)
    probes = [probe for probe in probes_in(result) if probe in result["encoder"]]
    found = _by_standing(result, "untrained", probes)
    if len(found["ahead"]) == len(probes):
        start = "Yes: it is ahead of the untrained encoder"
    elif found["ahead"]:
        start = "In part: it is ahead of the untrained encoder"
    else:
        start = "No: it is not ahead of the untrained encoder"
    figures = ", ".join(_against(result, "untrained", probe) for probe in probes)
    return f"{start} ({figures}). {_beside_raw(result, probes)}".strip()


def unprobed(history):
    """Says what is known of an encoder that has not been probed.

    Args:
        history: list of dicts returned by `read_history`.

    Returns:
        str, a sentence.
    """
    online = {
        name.removeprefix("online_"): value
        for name, value in (history[-1] if history else {}).items()
        if name.startswith("online_") and value
    }
    known = ", ".join(f"{name} {float(value):.3f}" for name, value in online.items())
    beside = (
        f"; the online probe ended at {known}, with nothing to compare it with" if known else ""
    )
    return f"Not known: no probe with labels has been run{beside}."


def healthy(run, history):
    """Says whether a training is sound: finite, and without a lasting sign of collapse.

    Args:
        run: Run.
        history: list of dicts returned by `read_history`.

    Returns:
        str, sentences with the figures.
    """
    if run.files.not_finite.exists() and not run.files.encoder.exists():
        found = json.loads(run.files.not_finite.read_text(encoding="utf-8"))
        return (
            f"No: loss or gradients were not finite at step {found['step']}. Try a lower learning "
            f"rate, or look at the items that {run.files.not_finite} lists."
        )
    looks = _looks(history)
    if not looks:
        return "Not known: the embeddings were not watched for collapse."
    ill = [row["step"] for row, signs in looks if signs]
    (last, signs), figures = looks[-1], _spread(looks[-1][0])
    if signs:
        return (
            f"No: the embeddings are collapsing (lasting signs at step {last['step']}: {signs}; "
            f"the first at step {ill[0]}; {figures}). Do not deploy it; docs/runs.md tells how to "
            "read the signs."
        )
    past = f", though there were some before step {last['step']}" if ill else ""
    return f"Yes: no lasting sign of collapse at the last of {len(looks)} looks{past} ({figures})."


def advice(run, results, history):
    """Says what to do next, each with the figure that says so.

    Args:
        run: Run.
        results: list of dicts returned by `evaluate`, oldest first.
        history: list of dicts returned by `read_history`.

    Returns:
        list of str.
    """
    steps = [
        _to_the_end(run, history),
        _more_steps(run, history),
        _harder_task(run, history),
        _faster_input(history),
        _block(run, results),
        _export(run, history),
    ]
    return [sentence for sentence in steps if sentence]


def _by_standing(result, other, probes):
    found = {"ahead": [], "level": [], "behind": []}
    for probe in probes:
        if probe in result.get(other, {}):
            found[_standing(result, other, probe)].append(title_of(probe))
    return found


def _standing(result, other, probe):
    lead, error = _lead(result["encoder"][probe], result[other][probe], result["n_test"])
    if abs(lead) <= CLEAR * error:
        return "level"
    return "ahead" if lead > 0 else "behind"


def _lead(ours, theirs, count):
    """Returns the difference of two accuracies on the same items, and its standard error."""
    if isinstance(ours, dict) and len(ours["draws"]) > 1:
        leads = np.subtract(ours["draws"], theirs["draws"])
        return leads.mean(), leads.std(ddof=1) / math.sqrt(len(leads))
    ours, theirs = (mean_and_std(accuracy)[0] for accuracy in (ours, theirs))
    return ours - theirs, math.hypot(standard_error(ours, count), standard_error(theirs, count))


def _figure(result, scores, probe):
    mean, error = mean_and_error(scores[probe], result["n_test"])
    return f"{mean:.3f} ± {error:.3f}"


def _against(result, other, probe):
    ours, theirs = (_figure(result, result[name], probe) for name in ("encoder", other))
    return f"{title_of(probe)} {ours} against {theirs}"


def _beside_raw(result, probes):
    found = _by_standing(result, "raw", probes)
    words = {"ahead": "ahead of it", "level": "level with it", "behind": "behind it"}
    stands = [f"{words[name]} by {' and '.join(them)}" for name, them in found.items() if them]
    if not stands:
        return ""
    figures = ", ".join(
        f"{title_of(probe)} {_figure(result, result['raw'], probe)}"
        for probe in probes
        if probe in result["raw"]
    )
    return f"The raw input has {figures}: the encoder is {', '.join(stands)}."


def _looks(history):
    """Returns the rows of a history at which the run was watched, with their numbers of signs."""
    watched = [row for row in history if row.get("collapse_signs") not in (None, "")]
    return [(row, int(float(row["collapse_signs"]))) for row in watched]


def _spread(look):
    names = {"rankme": "effective rank", "embedding_std_ratio": "spread", "mean_cosine": "cosine"}
    return ", ".join(
        f"{text} {float(look[name]):.3g}" for name, text in names.items() if look.get(name)
    )


def _to_the_end(run, history):
    if run.files.encoder.exists() or not history:
        return None
    planned = f" of {run.files.read_plan()['steps']}" if run.files.plan.exists() else ""
    return (
        f"It has not ended; its history comes to step {history[-1]['step']}{planned}. The same "
        "`mmssl pretrain` command goes on."
    )


def _more_steps(run, history):
    rows = [(int(row["step"]), float(row["loss"])) for row in history if row.get("loss")]
    if len(rows) < 10 or not run.files.encoder.exists():
        return None
    last = rows[-1][0]
    losses = [[], []]
    for step, loss in rows:
        if step > 0.6 * last:
            losses[step > 0.8 * last].append(loss)
    before, end = (sum(part) / len(part) for part in losses)
    whole = max(loss for _, loss in rows) - min(loss for _, loss in rows)
    if before - end <= FALLING * whole:
        return None
    return (
        f"More steps (`--fit.steps {2 * last}` and a new `--out`): in the last fifth the loss "
        f"still fell from {before:.3f} to {end:.3f}, {(before - end) / whole:.0%} of its whole "
        "range."
    )


def _harder_task(run, history):
    solved = float(history[-1].get("accuracy") or 0) if history else 0
    if solved < SOLVED:
        return None
    batch = run.config["data"]["init_args"].get("batch_size")
    larger = f" (`--data.batch_size {2 * batch}`)" if batch else ""
    return (
        f"A larger batch{larger}, or stronger changes of the views: the pretext task is nearly "
        f"solved, with an accuracy of {solved:.3f}."
    )


def _faster_input(history):
    share = waiting(history)
    if share is None or share <= STARVED:
        return None
    return (
        f"Faster input: {share:.0%} of a step is waiting for it. Shards (`mmssl prepare`) are read "
        "faster than files, and a data service (`fit.data_service`) makes batches on other "
        "processors; docs/runs.md tells more."
    )


def _block(run, results):
    probed = [result for result in results if result.get("layers")]
    if probed:
        return _best_block(probed[-1])
    if not run.files.encoder.exists() or len(blocks(run.encoder)) < 2:
        return None
    return (
        f"`mmssl evaluate {run.folder} --layer all` tells whether another block than the last has "
        "better features."
    )


def _best_block(result):
    probe = "linear" if "linear" in probes_in(result) else probes_in(result)[-1]
    means = {
        block: mean_and_error(scores[probe], result["n_test"])[0]
        for block, scores in result["layers"].items()
    }
    best = max(means, key=means.get)
    scores, whole = result["layers"][best], result["encoder"]
    lead, error = _lead(scores[probe], whole[probe], result["n_test"])
    figures = (
        f"{title_of(probe)} {_figure(result, scores, probe)} after {best}, "
        f"{_figure(result, whole, probe)} for the whole encoder"
    )
    if lead <= CLEAR * error:
        return f"Keep the whole encoder: no block is clearly better ({figures})."
    return f"Take {best} (`--layer {best}`): {figures}."


def _export(run, history):
    collapsed = any(signs for _, signs in _looks(history)[-1:])
    if collapsed or not run.files.encoder.exists():
        return None
    size = run.encoder.count_params()
    return (
        f"`mmssl export {run.folder} --format litert` for a phone, `--format saved_model` for a "
        f"server: {size:,} parameters, {4 * size / 1e6:.2g} MB."
    )
