"""Drawing of maps by PixelCNN or PixelRNN: its signatures, and what they are compared with."""

import numpy as np
from keras import ops

from mmssl.generation.draws import draw
from mmssl.generation.raster_sampler import RasterSampler
from mmssl.generation.sampling_loop import DRAWN

COLDEST = 1e-6  # temperature at which the likeliest symbol is sure


def functions(method, streams):
    """Functions of a generator with their inputs, by the name of the signature."""
    import tensorflow as tf

    sampler = RasterSampler(method)
    shape = (streams, sampler.height, sampler.width, sampler.channels)
    temperature = tf.TensorSpec((), "float32", "temperature")
    inputs = {
        "given": tf.TensorSpec(shape, "int32", "given"),
        "uniform": tf.TensorSpec(shape, "float32", "uniform"),
        "temperature": temperature,
        **_conditions(sampler, streams),
    }
    signatures = {"draw": (lambda given: drawn(sampler, **given), inputs)}
    if streams is None and not sampler.conditions:
        signatures["sample"] = _seeded(sampler, shape[1:], temperature)
    return signatures


def _conditions(sampler, streams):
    import tensorflow as tf

    return {
        f"condition_{number}": tf.TensorSpec((streams, *x.shape[1:]), "float32")
        for number, x in enumerate(sampler.conditions, start=1)
    }


def _seeded(sampler, shape, temperature):
    """The signature that draws its own numbers, from a seed."""
    import tensorflow as tf

    def sample(inputs):
        size = (inputs["count"], *shape)
        uniform = tf.random.stateless_uniform(size, inputs["seed"])
        found = drawn(sampler, tf.fill(size, DRAWN), uniform, inputs["temperature"])
        return {"symbols": found["symbols"]}

    seed, count = tf.TensorSpec((2,), "int32", "seed"), tf.TensorSpec((), "int32", "count")
    return sample, {"seed": seed, "count": count, "temperature": temperature}


def drawn(sampler, given, uniform, temperature, **conditions):
    """Draws the symbols that are not given, one after the other.

    Args:
        sampler: RasterSampler.
        given: int32 (B, H, W, channels), -1 for what is drawn.
        uniform: float32 of the same shape, in [0, 1).
        temperature: float32 scalar.
        **conditions: float32 (B, H, W, C), what the encoder adds at each pixel.

    Returns:
        dict of `symbols` int32 and `logits` float32 (B, H, W, channels, levels).
    """
    given, uniform = (_in_order(x) for x in (given, uniform))
    conditions = [_in_order(x) for x in conditions.values()]
    places, count = given.shape[0], ops.shape(given)[1]
    levels, channels = sampler.method.levels, sampler.channels

    def step(place, carried):
        before, state, symbols, scores = carried
        seen = []

        def choose(logits, channel):
            seen.append(logits)
            found = draw(logits, uniform[place, :, channel], ops.maximum(temperature, COLDEST))
            own = given[place, :, channel]
            return ops.where(own == DRAWN, found, own)

        now, state = sampler.advance(before, state, [x[place] for x in conditions], choose)
        at = ops.reshape(place, (1, 1))
        symbols = ops.scatter_update(symbols, at, now[None])
        scores = ops.scatter_update(scores, at, ops.stack(seen, axis=1)[None])
        return now, state, symbols, scores

    begin = (
        ops.zeros((count, channels), "int32"),
        sampler.start(count),
        ops.zeros_like(given),
        ops.zeros((places, count, channels, levels)),
    )
    _, _, symbols, scores = ops.fori_loop(0, places, step, begin)
    shape = (-1, sampler.height, sampler.width, channels)
    return {
        "symbols": ops.reshape(ops.swapaxes(symbols, 0, 1), shape),
        "logits": ops.reshape(ops.swapaxes(scores, 0, 1), (*shape, levels)),
    }


def _in_order(maps):
    """From (B, H, W, C) to (H W, B, C)."""
    _, height, width, channels = maps.shape
    return ops.swapaxes(ops.reshape(maps, (-1, height * width, channels)), 0, 1)


def example(method, streams):
    """Symbols of whole maps, and what the encoder adds."""
    sampler, rng = RasterSampler(method), np.random.default_rng(0)
    shape = (streams, sampler.height, sampler.width, sampler.channels)
    given = {
        name: rng.normal(size=(streams, *spec.shape[1:])).astype("float32")
        for name, spec in _conditions(sampler, streams).items()
    }
    return rng.integers(0, method.levels, shape, "int32"), given


def whole(method, codes, given):
    """Outputs of Keras for all pixels at once."""
    import keras
    import tensorflow as tf

    sampler = RasterSampler(method)
    pixels = sampler.pixels.output
    network = keras.Model([pixels, *sampler.conditions], sampler.features)
    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        features = network([sampler.pixels.embed(codes), *given.values()])
        logits = method.logits(features)
    return {"logits": np.asarray(logits), "symbols": codes}


def step_by_step(method, generator, codes, given):
    """Outputs of the exported loop for maps that are given."""
    uniform = np.zeros(codes.shape, "float32")
    return generator["draw"](given=codes, uniform=uniform, temperature=np.float32(1), **given)
