"""The recipe `auto` of `mmssl pretrain`."""

from dataclasses import replace

from mmssl.suggest.choice import suggest


def resolve(overrides):
    """Suggests a recipe for the data and minutes that a command line of `pretrain` gives.

    Args:
        overrides: list of str such as `["--data.source", "photos/", "--fit.minutes=20"]`.

    Returns:
        Suggestion, whose overrides are those that were given, behind what else is suggested.

    Raises:
        ValueError: no `data.source` is given, minutes is no number, or the data cannot carry any
            recipe; the message says what would help.
    """
    source, minutes = _given(overrides, "data.source"), _given(overrides, "fit.minutes")
    if source is None:
        raise ValueError(
            "mmssl pretrain auto needs --data.source, the data to choose a recipe for."
        )
    try:
        suggestion = suggest(source, None if minutes in (None, "null") else float(minutes))
    except ValueError as error:
        raise ValueError(f"mmssl pretrain auto cannot choose a recipe: {error}") from None
    if suggestion.recipe is None:
        raise ValueError(" ".join(suggestion.advice))
    pairs = zip(suggestion.overrides[::2], suggestion.overrides[1::2], strict=True)
    chosen = [pair for pair in pairs if _given(overrides, pair[0].removeprefix("--")) is None]
    return replace(suggestion, overrides=[*(part for pair in chosen for part in pair), *overrides])


def _given(overrides, key):
    """Returns the last value of an option, as it was written, or None."""
    value = None
    for i, item in enumerate(overrides):
        name, equals, text = item.partition("=")
        if name == f"--{key}":
            value = text if equals else "".join(overrides[i + 1 : i + 2])
    return value
