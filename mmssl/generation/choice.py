"""The function that generates from a run, by its method, and its options."""

from mmssl.generation.audio import generate_audio
from mmssl.generation.captioned import generate_captioned
from mmssl.generation.coded_audio import generate_coded_audio
from mmssl.generation.pictures import generate_from_codes, generate_pictures
from mmssl.generation.text import generate_text

COMMON = ("prompt", "count", "temperature", "seed")
CODED = ("out", "seconds", "lower", "hop_fraction", "labels")
KINDS = {
    "WaveNet": ("audio", generate_audio, ("out", "seconds", "speaker", "like")),
    "WaveRNN": ("audio", generate_audio, ("out", "seconds")),
    "PixelRNN": ("pictures", generate_pictures, ("out",)),
    "ImageGPT": ("pictures", generate_pictures, ("out",)),
    "DALLE": ("pictures", generate_captioned, ("out", "rerank", "candidates")),
    "CodePrior": ("audio", generate_coded_audio, CODED),
    "PixelPrior": ("pictures", generate_from_codes, ("out", "lower")),
    "GPT": ("text", generate_text, ("tokens", "top_k", "top_p", "beams")),
}


def generator_of(run, options):
    """Finds the function that generates from a run, and its arguments.

    Args:
        run: Run.
        options: dict from the name of an option to its value, None if it was not given; names that
            are not options of generation are ignored.

    Returns:
        Triple: "audio", "pictures" or "text"; the function, such as `generate_audio`; and the dict
        of its arguments.

    Raises:
        ValueError: the run's method is not generative, or an option belongs to the other kind.
    """
    method = run.config["method"]["class_path"].rpartition(".")[2]
    *others, last = KINDS
    if method not in KINDS:
        raise ValueError(
            f"{run.folder} was trained by {method}, which is not generative; use a run of "
            f"{', '.join(others)} or {last}."
        )
    kind, function, own = KINDS[method]
    given = {name: value for name, value in options.items() if value is not None}
    foreign = {name for _, _, names in KINDS.values() for name in names} - set(own)
    if foreign & set(given):
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(foreign & set(given)))
        raise ValueError(f"{run.folder} generates {kind}, which does not support {listed}.")
    return kind, function, {"run": run, **{n: given[n] for n in (*COMMON, *own) if n in given}}
