"""Generate sound, text or pictures, which may go on from a prompt."""

from mmssl.commands import arguments

EXAMPLES = """mmssl generate runs/wavenet --seconds 4 --prompt x.wav --temperature 0.9 --out y.wav
mmssl generate runs/pixel_cnn --count 8 --seed 0 --temperature 1 --out page.png
mmssl generate runs/top --lower runs/bottom --out page.png
mmssl generate runs/gpt --tokens 200 --prompt "ROMEO:" --top-p 0.9"""


def add_arguments(parser):
    arguments.add_run(parser)
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
    audio = parser.add_argument_group("audio")
    audio.add_argument("--seconds", type=float, help="to add to the prompt; 4 if not given")
    audio.add_argument("--speaker", help="name of a speaker, if the run was trained with speakers")
    audio.add_argument("--like", help="audio whose log-mel frames condition, if trained with them")
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument(
        "--lower",
        nargs="+",
        metavar="RUN",
        help="of a prior over the top level of codes: runs of the priors over the levels below",
    )
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

    run, lower = arguments.run_of(options), options.lower
    opened = None if lower is None else [Run.load(folder, options.trust) for folder in lower]
    kind, generate, given = generator_of(run, {**vars(options), "lower": opened})
    if kind == "text":
        print("\n\n".join(generate(**given)))
        return
    with counting("generating", "samples" if kind == "audio" else "pixels") as (tell, progress):
        paths = generate(**given, tell=tell, progress=progress)
    print(*paths, sep="\n")
