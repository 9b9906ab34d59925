"""How much a request may ask for."""

import dataclasses
import io

from mmssl.pipelines.in_graph.limits import MOST_PIXELS
from mmssl.serving.errors import invalid

_PICTURES = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
# Less than can be decoded: several are at a time, 60 MB each.
_PIXELS = MOST_PIXELS * 2 // 5


def _limit(default, text):
    return dataclasses.field(default=default, metadata={"help": text})


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much one request, and all of them together, may ask for.

    Attributes:
        body_bytes: int, of one request's body.
        buffered_bytes: int, of all bodies that are being read or answered.
        queue: int, requests of a model that wait or are being computed.
        batch: int, examples of a request.
        audio_seconds: float, length of a recording or video.
        pixels: int, of a picture; at most `MOST_PIXELS`, which is what an exported encoder decodes.
        request_seconds: float, time until a request that was read has to be answered.
        read_seconds: float, time that a client may take to send a request or to take its answer.

    Raises:
        ValueError: one of them is not above 0, or an encoder could not decode so many pixels.
    """

    body_bytes: int = _limit(16_000_000, "bytes of a request's body")
    buffered_bytes: int = _limit(256_000_000, "bytes of all bodies at a time")
    queue: int = _limit(64, "requests of a model that may wait or be computed; more get a 503")
    batch: int = _limit(64, "examples of a request")
    audio_seconds: float = _limit(60.0, "seconds of a recording")
    pixels: int = _limit(_PIXELS, "pixels of a picture")
    request_seconds: float = _limit(30.0, "seconds until a request has to be answered")
    read_seconds: float = _limit(20.0, "seconds to send a request in, or to take its answer in")

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ValueError(f"{field.name} must be above 0, got {value}.")
        if self.pixels > MOST_PIXELS:
            raise ValueError(
                f"pixels must be at most {MOST_PIXELS}, which is what exported encoders decode; "
                f"got {self.pixels}."
            )


def check_call(call, model, limits):
    """Checks what a call asks a model for, before anything is decoded or computed.

    Args:
        call: `mmssl.serving.contract.Call`.
        model: `mmssl.serving.model.Model`.
        limits: Limits.

    Raises:
        RefusedError: it has more examples, seconds or pixels than the limits allow, or encoded
            input is not what the model takes.
    """
    for name, array in call.inputs.items():
        if array.ndim and len(array) > limits.batch:
            raise invalid(f"{name} has {len(array)} examples; at most {limits.batch} a request.")
    if "waveform" in call.inputs and model.sample_rate:
        samples = call.inputs["waveform"].shape[1]
        _check_seconds(samples / model.sample_rate, "waveform", limits)
    for name, array in call.inputs.items():
        if array.dtype == object:
            for data in array.ravel():
                check_encoded(model.modality, data, name, limits)


def check_encoded(modality, data, name, limits):
    """Checks an encoded picture or recording, or a text, by its header.

    Args:
        modality: see `mmssl.serving.model.Model`; strings of None are anything.
        data: bytes.
        name: str, of the input, for messages.
        limits: Limits.

    Raises:
        RefusedError: it is something else, or larger than the limits allow.
    """
    _ENCODED[modality](data, name, limits)


def _check_picture(data, name, limits):
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_PICTURES) as image:
            width, height = image.size
            frames = getattr(image, "n_frames", 1) if image.format == "WEBP" else 1
    except Image.DecompressionBombError:
        raise invalid(f"{name}: a picture has more than {limits.pixels} pixels.") from None
    except Exception:  # of many types, from many readers
        raise invalid(
            f"{name} takes pictures in {', '.join(_PICTURES)}; {_found(data)} is none that can be "
            "read."
        ) from None
    if frames > 1:  # TensorFlow's decoder overwrites memory
        raise invalid(f"{name}: an animated WebP cannot be decoded; send one frame.")
    if width * height > limits.pixels:
        raise invalid(
            f"{name}: a picture has {width}x{height} pixels; at most {limits.pixels} in all."
        )


def _check_recording(data, name, limits):
    import soundfile

    try:
        seconds = soundfile.info(io.BytesIO(data)).duration
    except soundfile.SoundFileError:
        raise invalid(
            f"{name} takes encoded recordings; {_found(data)} is none that can be read."
        ) from None
    _check_seconds(seconds, name, limits)


def _check_video(data, name, limits):
    from mmssl.pipelines.video.opening import open_video

    try:
        with open_video(data) as video:
            seconds, first = video.seconds, next(video.frames([0]))
    except (ValueError, ImportError) as error:
        raise invalid(f"{name} takes videos; {_found(data)} cannot be read: {error}.") from None
    if first.shape[0] * first.shape[1] > limits.pixels:
        raise invalid(f"{name}: frames have more than {limits.pixels} pixels.")
    _check_seconds(seconds, name, limits)


def _check_text(data, name, limits):
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid(
            f"{name} takes text in UTF-8; {_found(data)} is none that can be read."
        ) from None


def _check_seconds(seconds, name, limits):
    if seconds > limits.audio_seconds:
        raise invalid(
            f"{name}: a recording of {seconds:.1f} s; at most {limits.audio_seconds:g} s."
        )


def _found(data):
    """How the value begins, so that a client sees what it sent."""
    if not data:
        return "an empty value"
    return f"a value of {len(data)} bytes that begins with {data[:16]!r}"


def _check_nothing(data, name, limits):
    """What the strings of another model are, is its own affair."""


_ENCODED = {
    "images": _check_picture,
    "frames": _check_video,
    "waveform": _check_recording,
    "token_ids": _check_text,
    None: _check_nothing,
}
