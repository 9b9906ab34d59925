"""Writing on where a text stops."""

import numpy as np
from keras import ops
from keras_hub.samplers import (
    BeamSampler,
    GreedySampler,
    RandomSampler,
    TopKSampler,
    TopPSampler,
)

from mmssl.generation.token_generator import TokenGenerator
from mmssl.methods.gpt import GPT
from mmssl.pipelines.text.byte_pairs import END, PAD


def generate_text(
    run,
    prompt="",
    tokens=100,
    count=1,
    temperature=1.0,
    top_k=None,
    top_p=None,
    beams=None,
    seed=0,
):
    """Lets a language model write on.

    Args:
        run: Run of a recipe whose method is GPT.
        prompt: str of any characters; "" begins a document.
        tokens: most tokens to add, at least 1; a text ends before where its document does.
        count: texts to write.
        temperature: divides the logits, 0 or more; 0 takes the likeliest token each time.
        top_k: draw from the k likeliest tokens only.
        top_p: draw from the likeliest tokens that together have this probability, in (0, 1].
        beams: search with this many beams for the likeliest text, nothing is drawn; `count` are
            returned, best first.
        seed: of the draws.

    Returns:
        list of str, each the prompt and what was added.

    Raises:
        ValueError: the run is of another method, an argument is out of its range or does not go
            with another, or the text would be longer than the model's context.
    """
    method = run.method(GPT)
    tokenizer = run.data.tokenizer
    sampler = _sampler(len(tokenizer), count, temperature, top_k, top_p, beams, seed)
    # The encoder's table may be larger than what the corpus had pieces for.
    unused = range(len(tokenizer), method.token_embedding.input_dim)
    generator = TokenGenerator(method, sampler, END, banned=[PAD, *unused])
    start = tokenizer([prompt])[0] if prompt else np.array([END])
    found = generator(np.tile(start, (1 if beams else count, 1)), tokens)
    if beams:
        found = found[0][0][:count]
    return [_text(tokenizer, row, len(start)) for row in ops.convert_to_numpy(found)]


def _text(tokenizer, ids, start):
    """The prompt and what follows it, up to the end of the document."""
    ended = np.flatnonzero(np.isin(ids[start:], (END, PAD)))
    return tokenizer.decode(ids[: start + ended[0]] if len(ended) else ids)


def _sampler(vocabulary_size, count, temperature, top_k, top_p, beams, seed):
    _check(vocabulary_size, count, temperature, top_k, top_p, beams)
    if beams:
        return BeamSampler(beams, return_all_beams=True, temperature=temperature)
    if temperature == 0:
        return GreedySampler()
    if top_p:
        return TopPSampler(top_p, top_k, seed, temperature=temperature)
    if top_k:
        return TopKSampler(top_k, seed, temperature=temperature)
    return RandomSampler(seed, temperature=temperature)


def _check(vocabulary_size, count, temperature, top_k, top_p, beams):
    if count < 1:
        raise ValueError(f"count is 1 or more; got {count}.")
    if temperature < 0:
        raise ValueError(f"temperature is 0 or more; got {temperature}.")
    for name, value in (("top_k", top_k), ("beams", beams)):
        if value is not None and not 1 <= value <= vocabulary_size:
            raise ValueError(f"{name} is 1 to {vocabulary_size}, the vocabulary's; got {value}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is above 0 and at most 1; got {top_p}.")
    if beams and (top_k or top_p or temperature == 0):
        raise ValueError(
            "beams search for the likeliest text and draw nothing: leave out top_k, top_p and a "
            "temperature of 0."
        )
    if beams and count > beams:
        raise ValueError(f"{beams} beams give at most {beams} texts; got count={count}.")
    if temperature == 0 and (count > 1 or top_k or top_p):
        raise ValueError(
            "At temperature 0 nothing is drawn: there is one text, and no top_k or top_p."
        )
