"""One generation step of a prior over codes: its signatures, and what they are compared with."""

import numpy as np
from keras import ops

from mmssl.generation.code_sampler import CodeSampler

WHERE = ("before", "after")  # the blocks


def functions(method, streams):
    """Functions of a generator with their inputs, by the name of the signature."""
    import tensorflow as tf

    sampler = CodeSampler(method)
    cache, _ = sampler.start(1)
    _, heads, length, each = cache[0][0].shape
    kept = (len(cache), streams, heads, length, each)
    inputs = {
        "code": tf.TensorSpec((streams,), "int32", "code"),
        "index": tf.TensorSpec((), "int32", "index"),
        **{name: tf.TensorSpec(kept, "float32", name) for name in ("keys", "values")},
    }
    given = {n: x.shape[1:] for n, x in method.encoder.input.items() if n != "codes"}
    if given:
        wide = (streams, sampler.shifted.width)
        inputs |= {name: tf.TensorSpec(wide, "float32", name) for name in WHERE}

    def step(inputs):
        pairs = [(inputs["keys"][n], inputs["values"][n]) for n in range(len(cache))]
        told = [inputs[name] for name in WHERE if name in inputs]
        logits, pairs, index = sampler.step(inputs["code"], pairs, inputs["index"], told)
        keys, values = (ops.stack(list(part)) for part in zip(*pairs, strict=True))
        return {"logits": logits, "keys": keys, "values": values, "index": index}

    def condition(inputs):
        told = sampler.added(
            streams or _rows(inputs), inputs.get("upper_codes"), inputs.get("labels")
        )
        return dict(zip(WHERE, told, strict=True))

    found = {"step": (step, inputs)}
    if given:
        specs = {n: tf.TensorSpec((streams, *shape), "int32", n) for n, shape in given.items()}
        found["condition"] = (condition, specs)
    return found


def _rows(inputs):
    return ops.shape(next(iter(inputs.values())))[0]


def example(method, streams):
    """Codes of a whole window, and conditions to match."""
    draw, shapes = np.random.default_rng(0), method.encoder.input
    given = {
        name: draw.integers(0, 2, (streams, *x.shape[1:]), "int32") for name, x in shapes.items()
    }
    codes = given.pop("codes").reshape(streams, -1)
    return draw.integers(0, method.entries, codes.shape, "int32"), given


def whole(method, codes, given):
    """Outputs of Keras for all steps at once."""
    import tensorflow as tf

    shape = (len(codes), *method.encoder.input["codes"].shape[1:])
    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        return {"logits": np.asarray(method({"codes": codes.reshape(shape), **given}))}


def step_by_step(method, generator, codes, given):
    """Outputs of the exported step, its state passed from one step to the next."""
    cache, _ = CodeSampler(method).start(len(codes))
    keys, values = (np.stack([np.asarray(pair[n]) for pair in cache]) for n in (0, 1))
    told = generator["condition"](**given) if given else {}
    before, logits = np.full(len(codes), method.entries, "int32"), []
    index = np.int32(0)
    for place in range(codes.shape[1]):
        now = {name: np.asarray(x)[:, place] for name, x in told.items()}
        out = generator["step"](code=before, keys=keys, values=values, index=index, **now)
        keys, values, index = out["keys"], out["values"], out["index"]
        before = codes[:, place]
        logits.append(out["logits"])
    return {"logits": np.stack(logits, axis=1)}
