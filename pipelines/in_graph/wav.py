"""Decoding of WAV files in TensorFlow: all of uncompressed WAV, whatever its header says."""

import math

import tensorflow as tf

from mmssl.pipelines.audio.decoding import FACTOR, NO_SAMPLES, check_waveform
from mmssl.pipelines.in_graph.octets import MOST_PARTS, length, number, part, text_at
from mmssl.pipelines.in_graph.resampling import resampled

READABLE = "WAV of 8, 16, 24 or 32 bits, or of floats"
_REFUSED = f"it cannot be decoded here, as MP3, FLAC and Ogg cannot: send {READABLE}"
# Samples, of all channels, that one file may hold, and that it may have once it is converted.
MOST_SAMPLES = 2**24
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SHORTEST_FORMAT = 16  # bytes of the chunk that says how samples are written


def decode_wav(data, sample_rate):
    """Decodes a WAV file to mono at a given sample rate, as `audio.decode_audio` does.

    Chunks of any kind may stand before the samples, with or without their pad byte; a size that was
    not known when the header was written means all that follows.

    Args:
        data: scalar string tensor, the file.
        sample_rate: int, samples per second of the result.

    Returns:
        float32 tensor (T,), full scale 1.0. The operation fails for anything but WAV, for files
        that are truncated, too long, empty or with NaN or infinity, and for sample rates more than
        64 times higher or lower than `sample_rate`.
    """
    riff = (text_at(data, 0, 4) == b"RIFF") & (text_at(data, 8, 4) == b"WAVE")
    with tf.control_dependencies([tf.Assert(riff, [_REFUSED])]):
        layout, start, stated = _find_samples(data)
    kind, channels, rate, frame = _read_format(data, layout)
    size = _true_size(data, start, stated)
    samples = size // frame * channels
    checks = [
        tf.Assert(size >= frame, [NO_SAMPLES]),
        tf.Assert(samples <= MOST_SAMPLES, [f"it has more than {MOST_SAMPLES} samples:", samples]),
        *_check_rate(rate, size // frame, sample_rate),
    ]
    with tf.control_dependencies(checks):
        flat = _samples(part(data, start, size // frame * frame), kind, frame // channels)
    wave = tf.reduce_mean(tf.reshape(flat, tf.stack([-1, channels])), axis=1)
    return resampled(check_waveform(wave), rate, sample_rate)


def _find_samples(data):
    """Returns where the format and the samples lie, and the stated size of the samples."""
    nowhere = tf.constant(-1, tf.int64)

    def following(at, layout, start, stated):
        name, size = text_at(data, at, 4), number(data, at + 4, 4)
        end = at + 8 + size
        # Some writers forget the pad byte.
        padded = (end % 2 == 1) & (end < length(data)) & (text_at(data, end, 1) == b"\0")
        is_format = (name == b"fmt ") & (size >= _SHORTEST_FORMAT)
        return (
            end + tf.cast(padded, tf.int64),
            tf.where(is_format, at + 8, layout),
            tf.where(name == b"data", at + 8, start),
            size,
        )

    _, layout, start, stated = tf.while_loop(
        lambda at, layout, start, stated: (start < 0) & (at + 8 <= length(data)),
        following,
        (tf.constant(12, tf.int64), nowhere, nowhere, nowhere),
        maximum_iterations=MOST_PARTS,
    )
    found = tf.Assert((layout >= 0) & (start >= 0), ["it has no samples, or no format before them"])
    with tf.control_dependencies([found]):
        return tf.identity(layout), tf.identity(start), tf.identity(stated)


def _read_format(data, layout):
    """Returns the kind of samples, the channels, the rate, and the bytes of one moment."""
    kind = number(data, layout, 2)
    kind = tf.where(kind == _EXTENSIBLE, number(data, layout + 24, 2), kind)
    channels, rate = number(data, layout + 2, 2), number(data, layout + 4, 4)
    frame = number(data, layout + 12, 2)
    width = frame // tf.maximum(channels, 1)
    whole = (width * channels == frame) & (width > 0)
    integers = (kind == _PCM) & (width <= 4)
    floats = (kind == _FLOAT) & ((width == 4) | (width == 8))
    coding = f"its samples cannot be decoded here: send {READABLE}. Its coding, channels and bytes:"
    known = tf.Assert(whole & (integers | floats), [coding, kind, channels, frame])
    with tf.control_dependencies([known]):
        return tf.identity(kind), channels, rate, tf.identity(frame)


def _true_size(data, start, stated):
    """See `audio.containers`: a length that was not known stands for all that follows."""
    there = length(data) - start
    name, size = text_at(data, start, 4), number(data, start + 4, 4)
    chunk = tf.strings.regex_full_match(name, "[0-9A-Za-z]{4}") & (start + 8 + size <= length(data))
    as_stated = ((stated > 0) & (stated <= there)) | ((stated == 0) & chunk)
    unknown = -stated % 2**31 <= 2**24
    whole = tf.Assert(
        as_stated | unknown,
        ["it is truncated: of bytes of samples stated, and there:", stated, there],
    )
    with tf.control_dependencies([whole]):
        return tf.where(as_stated, stated, there)


def _check_rate(rate, samples, sample_rate):
    low, high = math.ceil(sample_rate / FACTOR), sample_rate * FACTOR
    allowed = f"{low} to {high} Hz can be converted to {sample_rate} Hz; its sample rate is"
    seconds = MOST_SAMPLES // sample_rate
    return [
        tf.Assert((rate >= low) & (rate <= high), [allowed, rate]),
        tf.Assert(samples <= seconds * rate, [f"it is longer than {seconds} seconds"]),
    ]


def _samples(raw, kind, width):
    """Returns the samples of all channels, float32 (samples,)."""
    readers = (_integers_8, _integers_16, _integers_24, _integers_32, _floats_32, _floats_64)
    which = tf.where(kind == _PCM, width - 1, 3 + width // 4)
    return tf.switch_case(
        tf.cast(which, tf.int32), [lambda read=read: read(raw) for read in readers]
    )


def _integers_8(raw):
    return (tf.cast(tf.io.decode_raw(raw, tf.uint8), tf.float32) - 128.0) / 128.0


def _integers_16(raw):
    return tf.cast(tf.io.decode_raw(raw, tf.int16), tf.float32) / 2.0**15


def _integers_24(raw):
    low, middle, high = tf.unstack(tf.reshape(tf.io.decode_raw(raw, tf.uint8), [-1, 3]), axis=1)
    unsigned = tf.cast(low, tf.int32) + 2**8 * tf.cast(middle, tf.int32)
    signed = unsigned + 2**16 * tf.cast(tf.bitcast(high, tf.int8), tf.int32)
    return tf.cast(signed, tf.float32) / 2.0**23


def _integers_32(raw):
    return tf.cast(tf.io.decode_raw(raw, tf.int32), tf.float32) / 2.0**31


def _floats_32(raw):
    return tf.io.decode_raw(raw, tf.float32)


def _floats_64(raw):
    return tf.cast(tf.io.decode_raw(raw, tf.float64), tf.float32)
