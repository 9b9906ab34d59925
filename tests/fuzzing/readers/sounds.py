"""Decoders of sound."""

import io

import numpy as np
import soundfile
import tensorflow as tf

from mmssl.pipelines.audio.decoding import decode_audio, read_audio
from mmssl.pipelines.audio.recordings import open_recording
from mmssl.pipelines.in_graph.wav import decode_wav
from mmssl.suggest.sounds import examine
from tests.fuzzing.reader import Reader

_RATE = 8000
_WAVS = ("PCM_16", "PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
_CODED = ("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32")
_OTHERS = (
    *(("RF64", "PCM_16"), ("W64", "PCM_16"), ("W64", "FLOAT"), ("WAVEX", "PCM_24")),
    *(("AIFF", "PCM_16"), ("AIFF", "IMA_ADPCM"), ("AIFF", "FLOAT"), ("AU", "ULAW")),
    *(("AU", "PCM_16"), ("AU", "G723_24"), ("CAF", "PCM_16"), ("CAF", "ALAC_16")),
)
_PACKED = (("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"))


def _encoded(kind, subtype, rate=_RATE, channels=1, seconds=0.1):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (int(rate * seconds), channels))
    file = io.BytesIO()
    soundfile.write(file, noise.astype(np.float32), rate, subtype, format=kind)
    return file.getvalue()


def _wavs(subtypes=_WAVS):
    found = {f"{subtype}.wav": _encoded("WAV", subtype) for subtype in subtypes}
    found["stereo.wav"] = _encoded("WAV", "PCM_16", 11_025, 2)
    found["big-endian.wav"] = _encoded("WAV", "PCM_16")
    file = io.BytesIO()
    noise = np.zeros(300, np.int16)
    soundfile.write(file, noise, _RATE, "PCM_16", "BIG", "WAV")
    return found | {"big-endian.wav": file.getvalue()}


def _others():
    return {f"{kind}-{subtype}": _encoded(kind, subtype) for kind, subtype in _OTHERS}


def _packed():
    return {f"{kind}-{subtype}": _encoded(kind, subtype) for kind, subtype in _PACKED}


def _mp3s():
    plain = _encoded("MP3", "MPEG_LAYER_III", seconds=0.5)
    tagged = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + plain
    stereo = _encoded("MP3", "MPEG_LAYER_III", 22_050, 2, 0.3)
    return {"a.mp3": plain, "tagged.mp3": tagged, "two.mp3": plain + stereo, "b.mp3": stereo}


def _decoded(files):
    """In a graph, as training does."""

    def prepare(folder):
        graph = tf.function(
            lambda data: decode_audio(data, _RATE), [tf.TensorSpec([], tf.string)], autograph=False
        )
        return files(), lambda name, data: graph(data)

    return prepare


def _in_parts(files):
    """Opened on the disk, as long recordings are; and from memory, as shards are."""

    def prepare(folder):
        path = folder / "recording"

        def read(name, data):
            path.write_bytes(data)
            for file in (data, str(path)):
                with open_recording(file, 16_000) as recording:
                    size = recording.read_through()
                    recording.span(size // 2, 500)
                    recording.span(0, 100)
            read_audio(data, _RATE)

        return files(), read

    return prepare


def _in_graph(folder):
    graph = tf.function(
        lambda data: decode_wav(data, _RATE), [tf.TensorSpec([], tf.string)], autograph=False
    )
    files = _wavs()
    del files["big-endian.wav"]  # which is refused
    return files, lambda name, data: graph(data)


def _examined(folder):
    return _wavs() | _others() | _packed() | _mp3s(), lambda name, data: examine(data)


_GRAPH = (tf.errors.InvalidArgumentError,)
READERS = (
    Reader("sounds: WAV", _decoded(_wavs), _GRAPH),
    Reader("sounds: coded WAV", _decoded(lambda: _wavs(_CODED)), _GRAPH),
    Reader("sounds: RF64, W64, AIFF, AU, CAF", _decoded(_others), _GRAPH),
    Reader("sounds: FLAC and Ogg", _decoded(_packed), _GRAPH),
    Reader("sounds: MP3", _decoded(_mp3s), _GRAPH),
    Reader("recordings in parts: WAV", _in_parts(_wavs)),
    Reader("recordings in parts: RF64, W64, AIFF, AU, CAF", _in_parts(_others)),
    Reader("recordings in parts: FLAC and Ogg", _in_parts(_packed)),
    Reader("recordings in parts: MP3", _in_parts(_mp3s)),
    Reader("sounds in graphs: WAV", _in_graph, _GRAPH),
    Reader("sounds looked at by suggest", _examined),
)
