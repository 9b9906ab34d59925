"""Streaming of a causal audio encoder: its step as a file, run on chunks of any length."""

import tempfile

import keras
import numpy as np

from mmssl.deploy import litert, saved_model
from mmssl.deploy.checked import check_backend, keep_checked
from mmssl.deploy.extras import require
from mmssl.deploy.precision import as_float32
from mmssl.deploy.step import LEVEL, step_model
from mmssl.encoders import reach
from mmssl.quiet import quiet_logger

NAMES = {"saved_model": "stream", "litert": "stream.tflite"}
CHUNKS = (1, 4, 2, 9, 1, 16)  # hops of each chunk that the export is checked on


def export_stream(run, format, out=None, layer=None):
    """Exports the step of a run's encoder, checked as in `write_stream`.

    Args:
        run: `mmssl.runs.Run` with a causal audio encoder.
        format: `"saved_model"` or `"litert"`.
        out: Path to write; None for `stream` or `stream.tflite` in the run folder.
        layer: Block to cut the encoder after, such as `"block_3"`; None for the whole encoder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the encoder is not causal, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    path = out or run.place(NAMES[_check_format(format)])
    return write_stream(run.encoder_at(layer), path, format)


def write_stream(encoder, path, format):
    """Exports the step of a causal audio encoder, and compares chunks with the whole recording.

    The signature `step` takes waveform float32 (B, T), T a multiple of the hop, and the states
    `state_1` ... float32 (B, ...), all zeros at first; it returns features (B, T // hop, C) and the
    states for the next chunk. B is 1 in LiteRT. If the encoder normalizes levels, `step` also takes
    level float32 (B,): the root mean square of the sound, which is not known before its end.

    Args:
        encoder: Functional `keras.Model`, see `mmssl.deploy.step.step_model`.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert`.
        format: `"saved_model"` or `"litert"`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the encoder is not causal, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    check_backend()
    if _check_format(format) == "litert":
        path, streams = litert.checked_path(path), 1
    else:
        path, streams = saved_model.checked_path(path), 2
    encoder = as_float32(encoder)
    step, hop = step_model(encoder), reach(encoder).hop
    waveform = _example(streams, hop * sum(CHUNKS))

    def convert(written):
        if format == "saved_model":
            return _save(step, written)
        with tempfile.TemporaryDirectory() as folder:
            _save(step, folder, streams)
            litert.convert_saved_model(folder, written, ["step"])

    def run(written):
        stream = Stream(written, hop, _level(waveform), streams)
        ends = hop * np.cumsum(CHUNKS)
        chunks = [stream(chunk) for chunk in np.split(waveform, ends[:-1], axis=1)]
        return [{"features": np.concatenate(chunks, axis=1)}]

    expected = {"features": _whole(encoder, waveform)}
    return keep_checked(format, path, convert, run, [expected])


class Stream:
    """Computes the features of sound that comes in chunks of any length.

    Args:
        path: Step exported by `write_stream`.
        hop: Samples from one frame to the next: `mmssl.encoders.reach(encoder).hop`.
        level: Root mean square of the sound, a number or float32 (B,), which an encoder that
            normalizes levels asks for; others take no notice of it.
        streams: B, the number of sounds at once; 1 in LiteRT.

    Call arguments:
        samples: float32 (B, T), T 0 or more. What is no whole frame yet waits for the next call.

    Returns:
        features float32 (B, frames, C).

    Raises:
        ValueError: `samples` is not of this many sounds.
    """

    def __init__(self, path, hop, level=0.1, streams=1):
        self._step, inputs, self._channels = _load(path)
        self._hop, self._streams = hop, streams
        self._given, self._shapes = {}, {n: s for n, s in inputs.items() if n.startswith("state_")}
        if LEVEL in inputs:
            self._given[LEVEL] = np.array(np.broadcast_to(level, (streams,)), "float32")
        self.reset()

    def reset(self):
        """Forgets what came before: the next chunk begins other sounds."""
        self._state = {
            name: np.zeros((self._streams, *shape), "float32")
            for name, shape in self._shapes.items()
        }
        self._waiting = np.zeros((self._streams, 0), "float32")

    def __call__(self, samples):
        samples = np.asarray(samples, "float32")
        if samples.ndim != 2 or len(samples) != self._streams:
            raise ValueError(
                f"samples have shape {samples.shape}, but this stream takes ({self._streams}, T)."
            )
        sound = np.concatenate([self._waiting, samples], axis=1)
        whole = sound.shape[1] // self._hop * self._hop
        self._waiting = sound[:, whole:]
        if not whole:
            return np.zeros((self._streams, 0, self._channels), "float32")
        outputs = self._step(waveform=sound[:, :whole], **self._given, **self._state)
        self._state = {name: outputs[name] for name in self._state}
        return outputs["features"]


def _load(path):
    """Loads a step, the shapes of its inputs without their batch, and the channels of features."""
    if str(path).endswith(".tflite"):
        require("litert", "ai_edge_litert")
        from ai_edge_litert.interpreter import Interpreter

        step = Interpreter(model_path=str(path)).get_signature_runner("step")
        inputs = {name: tuple(d["shape"][1:]) for name, d in step.get_input_details().items()}
        return step, inputs, step.get_output_details()["features"]["shape"][-1]
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["step"]
    specs = signature.structured_input_signature[1]

    def step(keep_alive=loaded, **inputs):
        outputs = signature(**{name: tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    inputs = {name: tuple(spec.shape[1:]) for name, spec in specs.items()}
    return step, inputs, signature.structured_outputs["features"].shape[-1]


def _check_format(format):
    if format not in NAMES:
        raise ValueError(f"A stream is exported as {' or '.join(NAMES)}; got {format!r}.")
    return format


def _save(step, path, streams=None):
    """Saves the signature `step`, without checking it."""
    import tensorflow as tf

    specs = {
        name: tf.TensorSpec((streams, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in step.input.items()
    }
    archive = keras.export.ExportArchive()
    archive.add_endpoint("step", lambda inputs: step(inputs, training=False), [specs])
    with quiet_logger("tensorflow"):  # it logs that it writes assets, of which there are none
        archive.write_out(str(path), verbose=False)


def _example(streams, length):
    draw = np.random.default_rng(0)
    swells = np.sin(np.arange(length) * 7 / length) ** 2  # neither loud nor quiet throughout
    return (0.3 * swells * draw.uniform(-1, 1, (streams, length))).astype("float32")


def _level(waveform):
    return np.sqrt(np.mean(np.square(waveform), axis=1))


def _whole(encoder, waveform):
    """Features of Keras for the whole recording."""
    import tensorflow as tf

    # A GPU multiplies in TF32 by default, which alone would exceed the tolerance.
    with tf.device("/CPU:0"):
        batch = {"waveform": waveform, "padding_mask": np.ones(waveform.shape, "int32")}
        return np.asarray(encoder(batch, training=False)["features"])
