"""Generation of text with a trained language model."""

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
from mmssl.pipelines.text.specials import padding


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
    """Continues a text with a trained language model.

    Args:
        run: Run of a recipe whose method is GPT.
        prompt: str of any characters; "" begins a document.
        tokens: maximum number of tokens to add, at least 1; a text ends earlier if its document
            does.
        count: number of texts.
        temperature: divides the logits, 0 or more; 0 is greedy decoding.
        top_k: sample only from the k most likely tokens.
        top_p: sample only from the most likely tokens whose total probability reaches this value,
            in (0, 1].
        beams: use beam search with this many beams, without sampling; the best `count` texts are
            returned, best first.
        seed: random seed.

    Returns:
        list of str, each the prompt and its continuation.

    Raises:
        ValueError: the run's method is not GPT, an argument is out of range or incompatible with
            another, or the text would exceed the model's context length.
    """
    method = run.method(GPT)
    tokenizer = run.data.tokenizer
    sampler = _sampler(len(tokenizer), count, temperature, top_k, top_p, beams, seed)
    # The encoder's token embedding may have more rows than the tokenizer has tokens.
    unused = range(len(tokenizer), method.token_embedding.input_dim)
    end, pad = tokenizer.specials.end, padding(tokenizer.specials)
    generator = TokenGenerator(method, sampler, end, banned=[*({pad} - {end}), *unused])
    start = tokenizer.ids([prompt])[0] if prompt else np.array([end])
    found = generator(np.tile(start, (1 if beams else count, 1)), tokens)
    if beams:
        found = found[0][0][:count]
    return [_text(tokenizer, row, len(start)) for row in ops.convert_to_numpy(found)]


def _text(tokenizer, ids, start):
    """The prompt and what follows it, up to the end of the document."""
    specials = tokenizer.specials
    ended = np.flatnonzero(np.isin(ids[start:], (specials.end, padding(specials))))
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
        raise ValueError(f"count must be 1 or more; got {count}.")
    if temperature < 0:
        raise ValueError(f"temperature must be 0 or more; got {temperature}.")
    for name, value in (("top_k", top_k), ("beams", beams)):
        if value is not None and not 1 <= value <= vocabulary_size:
            raise ValueError(
                f"{name} must be from 1 to the vocabulary size, {vocabulary_size}; got {value}."
            )
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1; got {top_p}.")
    if beams and (top_k or top_p or temperature == 0):
        raise ValueError(
            "beams selects beam search, which does not sample: omit top_k, top_p and a temperature "
            "of 0."
        )
    if beams and count > beams:
        raise ValueError(f"{beams} beams give at most {beams} texts; got count={count}.")
    if temperature == 0 and (count > 1 or top_k or top_p):
        raise ValueError(
            "A temperature of 0 selects greedy decoding, which gives a single text: omit top_k, "
            "top_p and a count above 1."
        )
