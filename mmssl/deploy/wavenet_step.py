"""One generation step of a WaveNet: its signatures, and what they are compared with."""

import numpy as np

from mmssl.encoders import receptive_field
from mmssl.generation import WaveNetSampler
from mmssl.layers import mu_law_decode

STEPS = 64  # compared beyond the receptive field, where every queue has wrapped around


def functions(method, streams):
    """Functions of a generator with their inputs, by the name of the signature."""
    sampler = WaveNetSampler(method)

    def step(inputs):
        given = {"log_mel": inputs.get("local")}
        if "speaker" in inputs:
            given["speaker"] = sampler.condition("speaker", inputs["speaker"])[:, 0]
        conditions = [given[name] for name in sampler.conditioned_on]
        state = inputs["queues"], inputs["time"]
        logits, queues, time = sampler.step(inputs["code"], *state, conditions)
        return {"logits": logits, "queues": queues, "time": time}

    def upsample(inputs):
        return {"local": sampler.condition("log_mel", inputs["log_mel"])}

    functions = {"step": step, "upsample": upsample}
    return {name: (functions[name], specs) for name, specs in _inputs(method, streams).items()}


def _inputs(method, streams):
    """Inputs of each signature, by name."""
    import tensorflow as tf

    queues, _ = WaveNetSampler(method).start(1)
    slots, _, residual = queues.shape
    step = {
        "code": tf.TensorSpec((streams,), "int32", "code"),
        "queues": tf.TensorSpec((slots, streams, residual), "float32", "queues"),
        "time": tf.TensorSpec((), "int32", "time"),
    }
    if "speaker" in method.encoder.input:
        step["speaker"] = tf.TensorSpec((streams,), "int32", "speaker")
    if "log_mel" not in method.encoder.input:
        return {"step": step}
    bands = method.encoder.input["log_mel"].shape[-1]
    step["local"] = tf.TensorSpec((streams, bands), "float32", "local")
    frames = tf.TensorSpec((streams, None, bands), "float32", "log_mel")
    return {"step": step, "upsample": {"log_mel": frames}}


def example(method, streams):
    """Codes for more steps than the receptive field, and conditions to match."""
    draw, encoder = np.random.default_rng(0), method.encoder
    length, given = receptive_field(encoder) + STEPS, {}
    codes = draw.integers(0, method.levels, (streams, length), "int32")
    if "speaker" in encoder.input:
        given["speaker"] = np.arange(streams, dtype="int32")
    if "log_mel" in encoder.input:
        frames = -(-length // encoder.get_layer("upsampling").hop)
        shape = (streams, frames, encoder.input["log_mel"].shape[-1])
        given["log_mel"] = draw.uniform(0, 1, shape).astype("float32")
    return codes, given


def whole(method, codes, given):
    """Outputs of Keras for all steps at once."""
    import tensorflow as tf

    waveform = np.asarray(mu_law_decode(codes, method.levels))
    batch = {"waveform": waveform, "padding_mask": np.ones_like(codes), **given}
    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        return {"logits": np.asarray(method(batch)["logits"])}


def step_by_step(method, generator, codes, given):
    """Outputs of the exported step, its state passed from one step to the next."""
    start = WaveNetSampler(method).start(len(codes))
    queues, time = (np.asarray(part) for part in start)
    steady = {name: x for name, x in given.items() if name != "log_mel"}
    local, logits = None, []
    if "log_mel" in given:
        local = generator["upsample"](log_mel=given["log_mel"])["local"]
    for position in range(codes.shape[1]):
        moving = {} if local is None else {"local": local[:, position]}
        outputs = generator["step"](
            code=codes[:, position], queues=queues, time=time, **steady, **moving
        )
        queues, time = outputs["queues"], outputs["time"]
        logits.append(outputs["logits"])
    return {"logits": np.stack(logits, axis=1)}
