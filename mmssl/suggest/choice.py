"""What to run on some data in some minutes, and why."""

import yaml

from mmssl.pipelines.sources.tables import NO_TEXT
from mmssl.recipes import recipe_path
from mmssl.suggest.candidates import CANDIDATES, Setting
from mmssl.suggest.look import NOUNS, look_at
from mmssl.suggest.machine import this_machine
from mmssl.suggest.suggestion import Suggestion, command_of

LEAST = 100  # elements of an epoch below which nothing is suggested
SHARE = 4  # batches that an epoch has at least, where the batch can be made smaller
MANY = 0.1  # share of near duplicates from which on it is advised to remove them
SMALLEST = {
    "images": "the color part of Caltech-101",
    "audio": "ESC-10",
    "text": "25 novels",
    "tables": "Adult",
}


def suggest(source, minutes=None, machine=None):
    """Suggests what to run on the data of a source.

    The same data, minutes and machine give the same suggestion.

    Args:
        source: path, glob or builtin:NAME, see `list_items`.
        minutes: that the steps may take, above 0; None for the recipe's own steps.
        machine: Machine; None for this one.

    Returns:
        Suggestion.

    Raises:
        ValueError: there is nothing to read in the source, or minutes is not above 0.
    """
    if minutes is not None and not minutes > 0:
        raise ValueError(f"minutes={minutes} must be above 0.")
    look, machine = look_at(source), machine or this_machine()
    advice = _advice_on(look)
    fitting = [c for c in CANDIDATES if c.modality == look.modality and c.fits(look)]
    carried = [c for c in fitting if look.elements(c.window, c.length) >= LEAST]
    if not carried:
        return Suggestion(look, machine, None, advice=[*_too_few(look, fitting), *advice])
    chosen, reason = _chosen(carried, minutes, machine)
    settings = _settings(chosen, look)
    others = [c for c in carried if c is not chosen]
    compared = others and command_of(
        others[0].recipe, _overrides(look.source, _settings(others[0], look), minutes)
    )
    return Suggestion(
        look,
        machine,
        chosen.recipe,
        _overrides(look.source, settings, minutes),
        [*reason, *(f"{s.key} {s.value}: {s.why}" for s in settings), *_of_time(minutes)],
        compared or None,
        advice,
        look.elements(chosen.window, chosen.length),
    )


def _chosen(carried, minutes, machine):
    """Takes the first candidate that there is time for, else the one that needs the least."""
    in_time = [c for c in carried if minutes is None or machine.gpus or c.minutes <= minutes]
    chosen = in_time[0] if in_time else min(carried, key=lambda c: c.minutes)
    reasons = [
        f"{chosen.recipe} is for {chosen.suits}",
        f"measured: {chosen.measured} ({chosen.where})",
    ]
    passed = [c for c in carried[: carried.index(chosen)] if c not in in_time]
    reasons += [f"{c.recipe} took {c.minutes:g} minutes for its figure" for c in passed]
    if not in_time:
        reasons.append(
            f"its own figure took {chosen.minutes:g} minutes: expect less from {minutes:g}"
        )
    return chosen, reasons


def _settings(candidate, look):
    elements = look.elements(candidate.window, candidate.length)
    recipe = yaml.safe_load(recipe_path(candidate.recipe).read_text(encoding="utf-8"))
    batch = smaller = recipe["data"]["init_args"]["batch_size"]
    while smaller > 8 and smaller * SHARE > elements:
        smaller //= 2
    settings = candidate.settings(look)
    if smaller < batch:
        why = f"{SHARE} batches or more of about {elements} elements an epoch"
        settings.append(Setting("data.batch_size", smaller, why))
        why = "the learning rate is that of this batch, and falls with it"
        settings.append(Setting("fit.base_batch_size", batch, why))
    return settings


def _overrides(source, settings, minutes):
    overrides = ["--data.source", source]
    for setting in settings:
        overrides += [f"--{setting.key}", str(setting.value)]
    if minutes is not None:
        overrides += ["--fit.steps", "null", "--fit.minutes", f"{minutes:g}"]
    return overrides


def _of_time(minutes):
    if minutes is None:
        return []
    return ["fit.minutes: a run times its first steps, and its learning rate ends with the minutes"]


def _advice_on(look):
    advice = []
    if look.duplicates > MANY * look.looked:
        advice.append(
            f"{look.duplicates} of {look.looked} looked at nearly equal another: remove copies, "
            "which contrastive methods push apart, and which leak from training to test"
        )
    unreadable = [name for name, reason in look.unreadable if reason != NO_TEXT]
    if len(unreadable) > 0.01 * look.looked and len(unreadable) > 1:
        advice.append(
            f"{len(unreadable)} of {look.looked} looked at cannot be read, and a run stops "
            "above data.skip_ratio, 0.01: mend or remove them, or raise it"
        )
    if look.modality == "tables":
        advice.append(
            "a column that is to be told from the others later must not be an input: name it with "
            "--data.label_column, or others with --data.ignore; one called label is left out"
        )
    return advice


def _too_few(look, fitting):
    elements = max([look.elements(c.window, c.length) for c in fitting], default=0)
    noun = NOUNS[look.modality]
    if not fitting:
        said = f"No recipe fits these {look.count} {noun}: they are too short."
    else:
        said = (
            f"{look.count} {noun}, about {elements} elements an epoch, are too few to pretrain on: "
            f"below {LEAST} no recipe is suggested."
        )
    return [
        said,
        f"More unlabeled {noun} of the same kind would help; the smallest data with a figure in "
        f"the documentation are {SMALLEST[look.modality]}.",
        "With labels, a run on other data of the same kind can be fine-tuned on these: `mmssl "
        "finetune RUN --data.source ...`.",
    ]
