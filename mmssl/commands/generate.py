"""Generate sound, text or pictures, which may go on from a prompt."""

from mmssl.commands import arguments

EXAMPLES = """mmssl generate runs/wavenet --seconds 4 --prompt x.wav --temperature 0.9 --out y.wav
mmssl generate runs/pixel_cnn --count 8 --seed 0 --temperature 1 --out page.png
mmssl generate runs/dalle "a red square" --count 8 --rerank runs/clip --out page.png
mmssl generate runs/prior --lower runs/upsampler --prompt x.wav --seconds 4 --out y.wav
mmssl generate runs/top --lower runs/bottom --out page.png
mmssl generate runs/gpt --tokens 200 --prompt "ROMEO:" --top-p 0.9"""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("text", nargs="?", help="the prompt, such as a caption of what to draw")
    parser.add_argument(
        "--prompt", help="audio file, or text, to continue; or picture whose lower half to complete"
    )
    parser.add_argument("--count", type=int, help="how many; 1 if not given, 8 pictures")
    parser.add_argument(
        "--temperature", type=float, help="1 samples as learned, less favors the most likely"
    )
    parser.add_argument("--seed", type=int, help="of the sampling; 0 if not given")
    parser.add_argument(
        "--out", help="file to write; generated.wav if not given, of pictures generated.png"
    )
    parser.add_argument(
        "--lower",
        nargs="+",
        metavar="RUN",
        help="of a prior over the top level of codes: runs of the priors over the levels below",
    )
    pictures = parser.add_argument_group("pictures of a caption")
    pictures.add_argument(
        "--rerank", metavar="RUN", help="run of pairs, such as of pairs/clip, to keep the best by"
    )
    pictures.add_argument(
        "--candidates",
        type=int,
        metavar="N",
        help="to draw and keep the best of; 8 a picture if not given",
    )
    audio = parser.add_argument_group("audio")
    audio.add_argument("--seconds", type=float, help="to add to the prompt; 4 if not given")
    audio.add_argument("--speaker", help="name of a speaker, if the run was trained with speakers")
    audio.add_argument(
        "--hop-fraction",
        type=float,
        help="share of a window of codes that is new; 0.5",
    )
    audio.add_argument(
        "--label",
        dest="labels",
        action="append",
        metavar="COLUMN=LABEL",
        help="what the codes are conditioned on, if the run has data.conditions; may be repeated",
    )
    audio.add_argument("--like", help="audio whose log-mel frames condition, if trained with them")
    text = parser.add_argument_group("text")
    text.add_argument(
        "--tokens", type=int, help="maximum number of tokens to add; 100 if not given"
    )
    text.add_argument("--top-k", type=int, help="sample from the K most likely tokens")
    text.add_argument("--top-p", type=float, help="sample from the smallest set with probability P")
    text.add_argument(
        "--beams", type=int, help="beam search with this many beams, without sampling"
    )


def run(options):
    from mmssl.generation.choice import generator_of
    from mmssl.training.progress import counting

    kind, generate, given = generator_of(arguments.run_of(options), _given(options))
    if kind == "text":
        print("\n\n".join(generate(**given)))
        return
    with counting("generating", "samples" if kind == "audio" else "pixels") as (tell, progress):
        paths = generate(**given, tell=tell, progress=progress)
    print(*paths, sep="\n")


def _given(options):
    """The options of generation, the prompt by whichever name it came."""
    if options.text is not None and options.prompt is not None:
        raise ValueError(f"the prompt is given twice, {options.text!r} and as --prompt.")
    prompt = options.prompt if options.text is None else options.text
    runs = {"rerank": _scorer(options), "lower": _lower(options)}
    return {**vars(options), "prompt": prompt, **runs}


def _lower(options):
    """The runs of the priors over the levels below; None without any."""
    from mmssl.runs import Run

    return [Run.load(x, options.trust or ()) for x in options.lower or ()] or None


def _scorer(options):
    """The function that ranks pictures by a run of pairs; None without one."""
    if options.rerank is None:
        return None
    from mmssl.apply.rerank import caption_scorer
    from mmssl.runs import Run

    return caption_scorer(Run.load(options.rerank, options.trust or ()))
