"""One way to generate for all methods that can: which function, and which options it takes."""

from mmssl.generation.audio import generate_audio
from mmssl.generation.text import generate_text

COMMON = ("prompt", "count", "temperature", "seed")
KINDS = {
    "WaveNet": ("sound", generate_audio, ("out", "seconds", "speaker", "like")),
    "GPT": ("text", generate_text, ("tokens", "top_k", "top_p", "beams")),
}


def generator_of(run, options):
    """Finds what generates from a run, and keeps of the options those that were given.

    Args:
        run: Run.
        options: dict from the name of an option to its value, None where it was not given; names
            that are no option of generating are left out.

    Returns:
        Triple: "sound" or "text"; the function, `generate_audio` or `generate_text`; and the dict
        of its arguments.

    Raises:
        ValueError: the run's method generates nothing, or an option belongs to the other kind.
    """
    method = run.config["method"]["class_path"].rpartition(".")[2]
    if method not in KINDS:
        raise ValueError(
            f"{run.folder} was trained by {method}, which generates nothing; "
            f"{' and '.join(KINDS)} do."
        )
    kind, function, own = KINDS[method]
    given = {name: value for name, value in options.items() if value is not None}
    foreign = {name for _, _, names in KINDS.values() for name in names} - set(own)
    if foreign & set(given):
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(foreign & set(given)))
        raise ValueError(f"{run.folder} generates {kind}, which {listed} does not go with.")
    return kind, function, {"run": run, **{n: given[n] for n in (*COMMON, *own) if n in given}}
