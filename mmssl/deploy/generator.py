"""One generation step of a WaveNet for streaming audio on devices, its state in and out."""

import numpy as np

from mmssl.deploy.checked import keep_checked
from mmssl.deploy.formats import file_name, with_state
from mmssl.deploy.signatures import load_signatures
from mmssl.encoders import receptive_field
from mmssl.generation import WaveNetSampler
from mmssl.layers import mu_law_decode
from mmssl.methods import WaveNet

STEPS = 64  # compared beyond the receptive field, where every queue has wrapped around


def export_generator(run, format, out=None):
    """Exports the generation step of a run's WaveNet, checked as in `write_generator`.

    Args:
        run: `mmssl.runs.Run` of a recipe whose method is WaveNet.
        format: `"saved_model"` or `"litert"`.
        out: Path to write; None for `generator` or `generator.tflite` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the method is not WaveNet, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    with_state("generator", format)
    path = out or run.place(file_name("generator", format))
    return write_generator(run.method(), path, format)


def write_generator(method, path, format):
    """Exports the generation step of a WaveNet, and compares it beyond its receptive field.

    The signature `step` takes code int32 (B,), queues float32 (slots, B, residual) and time int32
    (), all zeros at first, and returns logits float32 (B, levels) of the next code, and queues and
    time for the next step. B is 1 in LiteRT. If the model is conditioned, `step` also takes speaker
    int32 (B,), and local float32 (B, bands): the frame at this sample, out of those that the
    signature `upsample` computes from log_mel float32 (B, F, bands).

    Args:
        method: `mmssl.methods.WaveNet`, in float32.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert`.
        format: `"saved_model"` or `"litert"`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the method is not WaveNet or not float32, or the path
            does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    writer = with_state("generator", format)
    if not isinstance(method, WaveNet):
        raise ValueError(f"{type(method).__name__} has no step to export; WaveNet has.")
    if method.encoder.compute_dtype != "float32":
        raise ValueError("A generator must be exported in float32: load it from its run folder.")
    path, streams = writer.checked_path(path), writer.BATCH or 2
    codes, given = _example(method, streams)
    start = [np.asarray(part) for part in WaveNetSampler(method).start(streams)]
    return keep_checked(
        format,
        path,
        lambda written: writer.save(written, _functions(method, writer.BATCH)),
        lambda written: [_step_by_step(load_signatures(written), start, codes, given)],
        [_whole(method, codes, given)],
    )


def _functions(method, streams):
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


def _example(method, streams):
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


def _whole(method, codes, given):
    """Outputs of Keras for all steps at once."""
    import tensorflow as tf

    waveform = np.asarray(mu_law_decode(codes, method.levels))
    batch = {"waveform": waveform, "padding_mask": np.ones_like(codes), **given}
    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        return {"logits": np.asarray(method(batch)["logits"])}


def _step_by_step(generator, start, codes, given):
    """Outputs of the exported step, its state passed from one step to the next."""
    (queues, time), steady = start, {n: x for n, x in given.items() if n != "log_mel"}
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
