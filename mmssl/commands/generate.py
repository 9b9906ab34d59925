"""Let a generative model go on from a prompt, in sound or in text."""

from mmssl.commands import arguments

EXAMPLES = """mmssl generate runs/wavenet --seconds 4 --prompt x.wav --temperature 0.9 --out y.wav
mmssl generate runs/gpt --tokens 200 --prompt "ROMEO:" --top-p 0.9"""


def add_arguments(parser):
    arguments.add_run(parser)
    parser.add_argument("--prompt", help="sound file, or text, to go on from")
    parser.add_argument("--count", type=int, help="how many; 1 if not given")
    parser.add_argument("--temperature", type=float, help="1 as learned, less is likelier")
    parser.add_argument("--seed", type=int, help="of the draws; 0 if not given")
    sound = parser.add_argument_group("sound")
    sound.add_argument("--seconds", type=float, help="behind the prompt; 4 if not given")
    sound.add_argument("--out", help="file to write; generated.wav if not given")
    sound.add_argument("--speaker", help="a speaker's name, where the run was trained with them")
    sound.add_argument("--like", help="sound whose log-mel frames lead, where trained with them")
    text = parser.add_argument_group("text")
    text.add_argument("--tokens", type=int, help="most tokens to add; 100 if not given")
    text.add_argument("--top-k", type=int, help="draw from the K likeliest tokens")
    text.add_argument("--top-p", type=float, help="draw from the likeliest that make up P")
    text.add_argument("--beams", type=int, help="search with so many beams, without drawing")


def run(options):
    from mmssl.generation.choice import generator_of
    from mmssl.training.progress import counting

    kind, generate, given = generator_of(arguments.run_of(options), vars(options))
    if kind == "text":
        print("\n\n".join(generate(**given)))
        return
    with counting("generating", "samples") as (tell, progress):
        paths = generate(**given, tell=tell, progress=progress)
    print(*paths, sep="\n")
