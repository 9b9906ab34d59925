"""Drawing of the tokens of pictures by image GPT or DALL-E: its signatures, and the comparison."""

import numpy as np
from keras import ops

from mmssl.generation.dalle_sampler import DALLESampler
from mmssl.generation.draws import draw
from mmssl.generation.image_gpt_sampler import ImageGPTSampler
from mmssl.generation.sampling_loop import DRAWN
from mmssl.methods import DALLE, ImageGPT

COLDEST = 1e-6  # temperature at which the likeliest token is sure
SAMPLERS = {ImageGPT: ImageGPTSampler, DALLE: DALLESampler}


def sampler_of(method):
    """Returns the sampler of an ImageGPT or a DALLE."""
    return next(make for kind, make in SAMPLERS.items() if isinstance(method, kind))(method)


def functions(method, streams):
    """Functions of a generator with their inputs, by the name of the signature."""
    import tensorflow as tf

    sampler = sampler_of(method)
    temperature = tf.TensorSpec((), "float32", "temperature")
    conditions = {
        name: tf.TensorSpec((streams, *shape), "int32", name)
        for name, shape in sampler.conditions.items()
    }
    inputs = {
        "given": tf.TensorSpec((streams, sampler.count), "int32", "given"),
        "uniform": tf.TensorSpec((streams, sampler.count), "float32", "uniform"),
        "temperature": temperature,
        **conditions,
    }
    signatures = {"draw": (lambda given: drawn(sampler, **given), inputs)}
    if streams is None:
        signatures["sample"] = _seeded(sampler, temperature, conditions)
    return signatures


def _seeded(sampler, temperature, conditions):
    """The signature that draws its own numbers, from a seed."""
    import tensorflow as tf

    def sample(inputs):
        texts = {name: inputs[name] for name in conditions}
        rows = tf.shape(next(iter(texts.values())))[0] if texts else inputs["count"]
        size = (rows, sampler.count)
        uniform = tf.random.stateless_uniform(size, inputs["seed"])
        found = drawn(sampler, tf.fill(size, DRAWN), uniform, inputs["temperature"], **texts)
        return {"codes": found["codes"]}

    given = {"seed": tf.TensorSpec((2,), "int32", "seed"), "temperature": temperature}
    count = {} if conditions else {"count": tf.TensorSpec((), "int32", "count")}
    return sample, {**given, **count, **conditions}


def drawn(sampler, given, uniform, temperature, **conditions):
    """Draws the tokens that are not given, one after the other.

    Args:
        sampler: ImageGPTSampler or DALLESampler.
        given: int32 (B, T), -1 for what is drawn.
        uniform: float32 (B, T), in [0, 1).
        temperature: float32 scalar.
        **conditions: what the sampler begins with, int32 (B, ...).

    Returns:
        dict of `codes` int32 (B, T) and `logits` float32 (B, T, K).
    """
    rows = ops.shape(given)[0]

    def step(place, carried):
        before, state, codes, scores = carried
        seen = []

        def choose(logits, _):
            seen.append(logits)
            found = draw(logits, uniform[:, place], ops.maximum(temperature, COLDEST))
            own = given[:, place]
            return ops.where(own == DRAWN, found, own)

        now, state = sampler.step(before, state, choose)
        at = ops.reshape(place, (1, 1))
        codes = ops.scatter_update(codes, at, ops.transpose(now))
        return now, state, codes, ops.scatter_update(scores, at, seen[0][None])

    begin = (
        ops.zeros((rows, 1), "int32"),
        sampler.begin(rows, **conditions),
        ops.zeros((sampler.count, rows), "int32"),
        ops.zeros((sampler.count, rows, sampler.values)),
    )
    _, _, codes, scores = ops.fori_loop(0, sampler.count, step, begin)
    return {"codes": ops.transpose(codes), "logits": ops.swapaxes(scores, 0, 1)}


def example(method, streams):
    """Tokens of whole pictures, and what the sampler begins with."""
    sampler, rng = sampler_of(method), np.random.default_rng(0)
    codes = rng.integers(0, sampler.values, (streams, sampler.count), "int32")
    ones = {n: np.ones((streams, *shape), "int32") for n, shape in sampler.conditions.items()}
    return codes, ones


def whole(method, codes, given):
    """Outputs of Keras for all tokens at once."""
    import tensorflow as tf

    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        if isinstance(method, DALLE):
            shaped = codes.reshape(-1, *sampler_of(method).code_shape)
            logits = method({"codes": shaped, **given})["image"]
        else:
            logits = method.of_codes(codes)
    return {"logits": np.asarray(logits), "codes": codes}


def step_by_step(method, generator, codes, given):
    """Outputs of the exported loop for tokens that are given."""
    uniform = np.zeros(codes.shape, "float32")
    return generator["draw"](given=codes, uniform=uniform, temperature=np.float32(1), **given)
