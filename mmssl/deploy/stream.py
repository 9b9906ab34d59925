"""Streaming of a causal audio encoder: its step as a file, run on chunks of any length."""

import numpy as np

from mmssl.deploy.checked import check_backend, keep_checked
from mmssl.deploy.formats import file_name, with_state
from mmssl.deploy.precision import as_float32
from mmssl.deploy.signatures import declared, load_signatures
from mmssl.deploy.step import LEVEL, step_model
from mmssl.encoders import reach

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
    with_state("stream", format)
    path = out or run.place(file_name("stream", format))
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
    writer = with_state("stream", format)
    path, streams = writer.checked_path(path), writer.BATCH or 2
    encoder = as_float32(encoder)
    step, hop = step_model(encoder), reach(encoder).hop
    waveform = _example(streams, hop * sum(CHUNKS))

    def convert(written):
        writer.save(written, {"step": declared(step, writer.BATCH)})

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
        self._step, self._hop, self._streams = load_signatures(path)["step"], hop, streams
        self._given = {}
        if LEVEL in self._step.inputs:
            self._given[LEVEL] = np.array(np.broadcast_to(level, (streams,)), "float32")
        self.reset()

    def reset(self):
        """Forgets what came before: the next chunk begins other sounds."""
        self._state = {
            name: np.zeros((self._streams, *tensor.shape[1:]), "float32")
            for name, tensor in self._step.inputs.items()
            if name.startswith("state_")
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
            channels = self._step.outputs["features"].shape[-1]
            return np.zeros((self._streams, 0, channels), "float32")
        outputs = self._step(waveform=sound[:, :whole], **self._given, **self._state)
        self._state = {name: outputs[name] for name in self._state}
        return outputs["features"]


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
