"""Counts how often T5 or BART fills in a hidden word of a text that it was not trained on.

One word of each text is hidden, drawn among those of letters with five words or more on either
side, and the run's best answer is right where the word stands again between the three words before
it and the three behind it, case aside. `commonest` is the share of the commonest of the hidden
words: more than a guess of any word known beforehand reaches. One JSON line to stdout.

    python benchmarks/filling.py runs/bart --source novels/author_passages.tsv --texts 500
"""

import argparse
import json
import os
import re
from collections import Counter

EDGE, NEAR = 5, 3  # words on either side of a hidden one: as many there are, as many are compared
WORD = re.compile(r"[^\W_]+|\S")


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(measured(options)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="run folder of T5 or BART")
    parser.add_argument("--source", required=True, help="what data.source takes: texts, held out")
    parser.add_argument("--texts", type=int, default=500, help="how many, from the first on")
    parser.add_argument("--words", type=int, default=60, help="of each text, from its first on")
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--batch", type=int, default=125, help="texts at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of hidden words")
    return parser.parse_args()


def measured(options):
    from mmssl.apply.fill import fill
    from mmssl.runs import Run

    run = Run.load(options.run)
    source = run.data.open(options.source)
    decode = run.data.decoder_for(source)
    count = min(options.texts, len(source))
    texts = [decode(source.read(index)).numpy()[0].decode() for index in range(count)]
    hidden = list(filter(None, hide(texts, options.words, options.seed)))
    right = []
    for begin in range(0, len(hidden), options.batch):
        some = hidden[begin : begin + options.batch]
        answers = fill(run, [text for text, *_ in some], options.beams)
        right += [
            holds(best[0], before, word, behind)
            for (_, before, word, behind), (best, *_) in zip(some, answers, strict=True)
        ]
    [(word, times)] = Counter(word for _, _, word, _ in hidden).most_common(1)
    return {
        "bench": "filling",
        **vars(options),
        "hidden": len(hidden),
        "right": sum(right) / len(right),
        "commonest": times / len(hidden),
        "commonest_word": word,
    }


def hide(texts, most, seed):
    """Hides a word of each text.

    Yields:
        None for a text that is too short; otherwise (text with `<mask>`, the words before, the
        word, the words behind), words in lowercase.
    """
    import numpy as np

    draw = np.random.default_rng(seed)
    for text in texts:
        words = WORD.findall(" ".join(text.split()[:most]))
        places = [i for i in range(EDGE, len(words) - EDGE) if words[i].isalpha()]
        if not places:
            yield None
            continue
        place = int(draw.choice(places))
        marked = " ".join([*words[:place], "<mask>", *words[place + 1 :]])
        words = [word.lower() for word in words]
        near = words[place - NEAR : place], words[place], words[place + 1 : place + 1 + NEAR]
        yield marked, *near


def holds(answer, before, word, behind):
    """Says whether an answer has the word between those around it."""
    found, sought = [w.lower() for w in WORD.findall(answer)], [*before, word, *behind]
    return any(found[i : i + len(sought)] == sought for i in range(len(found)))


if __name__ == "__main__":
    main()
