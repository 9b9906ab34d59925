"""Generate a continuation of a prompt, in audio or in text."""

from mmssl.commands import arguments

EXAMPLES = """mmssl generate runs/wavenet --seconds 4 --prompt x.wav --temperature 0.9 --out y.wav
mmssl generate runs/prior --upsampler runs/upsampler --prompt x.wav --seconds 4 --out y.wav
mmssl generate runs/gpt --tokens 200 --prompt "ROMEO:" --top-p 0.9"""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("--prompt", help="audio file, or text, to continue")
    parser.add_argument("--count", type=int, help="number of continuations; 1 if not given")
    parser.add_argument(
        "--temperature", type=float, help="1 samples as learned, less favors the most likely"
    )
    parser.add_argument("--seed", type=int, help="of the sampling; 0 if not given")
    audio = parser.add_argument_group("audio")
    audio.add_argument("--seconds", type=float, help="to add to the prompt; 4 if not given")
    audio.add_argument("--out", help="file to write; generated.wav if not given")
    audio.add_argument("--speaker", help="name of a speaker, if the run was trained with speakers")
    audio.add_argument(
        "--upsampler",
        dest="upsamplers",
        nargs="+",
        metavar="RUN",
        help="runs over the levels of codes below that of RUN, from the top down",
    )
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
    from mmssl.runs import Run
    from mmssl.training.progress import counting

    if options.upsamplers:
        options.upsamplers = [Run.load(x, options.trust) for x in options.upsamplers]
    kind, generate, given = generator_of(arguments.run_of(options), vars(options))
    if kind == "text":
        print("\n\n".join(generate(**given)))
        return
    with counting("generating", "samples") as (tell, progress):
        paths = generate(**given, tell=tell, progress=progress)
    print(*paths, sep="\n")
