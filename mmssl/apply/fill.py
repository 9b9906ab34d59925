"""Filling in what is missing in a text, any number of words at each mask."""

import re

import numpy as np
from keras_hub.samplers import BeamSampler
from rich.console import Console
from rich.table import Table

from mmssl.generation.sequence_generator import SequenceGenerator
from mmssl.methods.bases import SequenceToSequence
from mmssl.methods.t5 import T5

MASK = re.compile(r"<mask>|\[MASK\]")


def fill(run, texts, beams=5, tokens=32):
    """Fills in the masks of texts by beam search.

    T5 writes what each mask stands for, and the rest of a text stays as it is; BART is given the
    text before the first mask, and writes what follows anew.

    Args:
        run: Run of a recipe whose method is T5 or BART.
        texts: list of str, each with one or more `<mask>`.
        beams: number of answers that are followed at a time, and returned, 1 or more.
        tokens: maximum number of tokens to write, 1 or more; for BART besides those of the text.

    Returns:
        list, one entry per text, of lists of (answer, probability), most likely first.

    Raises:
        ValueError: the run is of another method, an argument is out of range, or a text has no
            mask, or too many tokens.
    """
    for name, value in (("beams", beams), ("tokens", tokens)):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more; got {value}.")
    method, data = run.method(), run.data
    if not isinstance(method, SequenceToSequence):
        raise ValueError(
            f"{run.folder} was trained by {type(method).__name__}, which writes no text into gaps: "
            "use a run of T5 or BART; `mmssl fill-mask` asks BERT for single tokens."
        )
    marked = [_marked(data, text) for text in texts]
    inputs = {name: np.asarray(x) for name, x in data.encode(marked, masks=True).items()}
    if isinstance(method, T5):
        return _spans(method, data, texts, inputs, beams, tokens)
    return _rewritten(method, data, inputs, beams, tokens)


def print_filled(answers):
    """Prints the answers to one text, as returned by `fill`."""
    table = Table("probability", "text")
    for text, probability in answers:
        table.add_row(f"{probability:.2g}", text)
    Console().print(table)


def _marked(data, text):
    """Returns the text with the tokenizer's own name of a mask."""
    if not MASK.search(text):
        raise ValueError(f"The text must have one <mask> or more; got {text!r}.")
    marked = MASK.sub("[MASK]", text)
    size, most = len(data.tokenizer.prompt([marked])[0]), data.length - 2
    if size > most:
        raise ValueError(f"The text has {size} tokens, and this run takes {most}: shorten it.")
    return marked


def _spans(method, data, texts, inputs, beams, tokens):
    """T5: the decoder writes each sentinel, and the words that it stands for."""
    counts = np.array([len(MASK.findall(text)) for text in texts])
    answers = {}
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        # The words of the last mask end where the next sentinel would begin.
        sentinels = [int(data.sentinel(number)) for number in range(count + 1)]
        ends = [data.tokenizer.specials.sep, sentinels[-1]]
        given = {name: x[rows] for name, x in inputs.items()}
        generator = _generator(method, data, beams, ends, sentinels)
        begin = np.full((len(rows), 1), sentinels[0])
        answers |= dict(zip(rows, _answers(generator, given, tokens, begin, ends), strict=True))
    return [
        [(_filled(data, text, ids), chance) for ids, chance in answers[row]]
        for row, text in enumerate(texts)
    ]


def _filled(data, text, ids):
    """Puts the words behind each sentinel in the place of its mask."""
    sentinels = [data.sentinel(number) for number in range(len(MASK.findall(text)))]
    edges = np.flatnonzero(np.isin(ids, sentinels))
    spans = dict.fromkeys(sentinels, "")
    for begin, end in zip(edges, [*edges[1:], len(ids)], strict=True):
        spans[ids[begin]] = data.tokenizer.decode(ids[begin + 1 : end])
    words = iter(spans.values())
    return MASK.sub(lambda _: next(words), text)


def _rewritten(method, data, inputs, beams, tokens):
    """BART: the decoder is given what stands before the first mask, and writes the rest."""
    specials, ids = data.tokenizer.specials, inputs["token_ids"]
    most = min(ids.shape[1] + tokens, method.length - 2)
    ends, before = [specials.sep], np.argmax(ids == specials.mask, axis=1)
    generator, answers = _generator(method, data, beams, ends), {}
    for size in np.unique(before):
        rows = np.flatnonzero(before == size)
        given = {name: x[rows] for name, x in inputs.items()}
        found = _answers(generator, given, max(1, most + 1 - size), ids[rows, :size], ends)
        answers |= dict(zip(rows, found, strict=True))
    return [
        [(data.tokenizer.decode(written[1:]), chance) for written, chance in answers[row]]
        for row in range(len(ids))
    ]


def _generator(method, data, beams, ends, allowed=()):
    specials, size = data.tokenizer.specials, method.decoder.token_embedding.input_dim
    unused = {*specials.ids(), *range(len(data.tokenizer), size)} - {*ends, *allowed}
    sampler = BeamSampler(beams, return_all_beams=True)
    return SequenceGenerator(method, sampler, ends, sorted(unused))


def _answers(generator, inputs, tokens, begin, ends):
    """Returns ids (n,), with `begin` and without the end, and the probability of each beam."""
    texts, likelihoods = (np.asarray(x) for x in generator(inputs, tokens, begin))
    return [
        [
            (_until(row[1:], ends), float(np.exp(chance)))
            for row, chance in zip(*found, strict=False)
        ]
        for found in zip(texts, likelihoods, strict=True)
    ]


def _until(ids, ends):
    """Returns what comes before the end of a text, or before it was left unfinished."""
    ended = np.flatnonzero(np.isin(ids, (*ends, 0)))
    return ids[: ended[0]] if len(ended) else ids
