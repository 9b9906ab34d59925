"""One generation step of a WaveRNN: its signature, and what it is compared with."""

import numpy as np
from keras import ops

from mmssl.generation import WaveRNNSampler
from mmssl.methods.wavernn import BYTES, LEVELS

STEPS = 128  # compared
SURE = 1e9  # noise that settles which byte is taken


def functions(method, streams):
    """Functions of a generator with their inputs, by the name of the signature."""
    import tensorflow as tf

    sampler = WaveRNNSampler(method)

    def step(inputs):
        logits = []

        def choose(scores, number):
            logits.append(scores)
            # Keras' own argmax tells zeros apart by their bits, which LiteRT cannot.
            return tf.argmax(scores + inputs["noise"][:, number], axis=-1, output_type="int32")

        before = ops.stack([inputs[name] for name in BYTES], axis=-1)
        codes, state = sampler.step(before, inputs["state"], choose)
        sample = {name: codes[:, number] for number, name in enumerate(BYTES)}
        return {**sample, "state": state, "logits": ops.stack(logits, axis=1)}

    units = method.recurrence.units
    inputs = {
        **{name: tf.TensorSpec((streams,), "int32", name) for name in BYTES},
        "state": tf.TensorSpec((streams, units), "float32", "state"),
        "noise": tf.TensorSpec((streams, len(BYTES), LEVELS), "float32", "noise"),
    }
    return {"step": (step, inputs)}


def example(method, streams):
    """Bytes (B, T, 2) of so many samples, and no conditions."""
    shape = (streams, STEPS, len(BYTES))
    return np.random.default_rng(0).integers(0, LEVELS, shape, "int32"), {}


def whole(method, codes, given):
    """Outputs of Keras for all steps at once."""
    import tensorflow as tf

    waveform = WaveRNNSampler(method).decode(codes)
    batch = {"waveform": waveform, "padding_mask": np.ones(waveform.shape, "int32")}
    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        outputs = method(batch)
    logits = np.stack([np.asarray(outputs[f"{name}_logits"]) for name in BYTES], axis=2)
    return {"logits": logits, "coarse": codes[..., 0], "fine": codes[..., 1]}


def step_by_step(method, generator, codes, given):
    """Outputs of the exported step, its state passed from one step to the next."""
    sampler = WaveRNNSampler(method)
    state, found = np.asarray(sampler.start(len(codes))), []
    sample = dict(zip(BYTES, sampler.context(codes[0, :0]).T.repeat(len(codes), 1), strict=True))
    for position in range(codes.shape[1]):
        noise = SURE * np.eye(LEVELS, dtype="float32")[codes[:, position]]
        outputs = generator["step"](**sample, state=state, noise=noise)
        state, sample = outputs["state"], {name: outputs[name] for name in BYTES}
        found.append({"logits": outputs["logits"], **sample})
    return {name: np.stack([step[name] for step in found], axis=1) for name in found[0]}
