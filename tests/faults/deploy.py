"""Faults in what a SavedModel makes of files and texts."""

from tests.faults.fault import Fault

WAV = ("tests/pipelines/in_graph/test_wav.py",)
PICTURES = ("tests/pipelines/in_graph/test_pictures.py",)
RESAMPLING = ("tests/pipelines/in_graph/test_resampling.py",)

FAULTS = (
    Fault(
        "a chunk of odd size hides the samples behind it",
        "pipelines/in_graph/wav.py",
        "end + tf.cast(padded, tf.int64),",
        "end + 0 * tf.cast(padded, tf.int64),",
        WAV,
        "chunks",
    ),
    Fault(
        "samples of 24 bits lose their sign",
        "pipelines/in_graph/wav.py",
        "tf.cast(tf.bitcast(high, tf.int8), tf.int32)",
        "tf.cast(high, tf.int32)",
        WAV,
        "every_kind",
    ),
    Fault(
        "the graph resamples with half a sample of delay",
        "pipelines/in_graph/resampling.py",
        "position = tf.cast(margin, tf.float64) + offsets",
        "position = tf.cast(margin, tf.float64) + 0.5 + offsets",
        RESAMPLING,
        "very_numbers",
    ),
    Fault(
        "the resampler lets pass what the lower rate cannot hold",
        "pipelines/audio/resampling.py",
        "    cutoff = (1 + FLAT) / 2\n",
        "    cutoff = (1.2 + FLAT) / 2\n",
        RESAMPLING,
        "cannot_hold",
    ),
    Fault(
        "an animated WebP reaches the decoder",
        "pipelines/in_graph/webp.py",
        'animated | (name == b"ANIM") | (name == b"ANMF"),',
        "animated,",
        PICTURES,
        "animated",
    ),
    Fault(
        "the size of a bitmap is believed",
        "pipelines/in_graph/bmp.py",
        "        check_size(tf.stack([tf.abs(height), width]), most),\n",
        "",
        PICTURES,
        "absurd",
    ),
    Fault(
        "a photo held upside down is mirrored",
        "pipelines/in_graph/orientation.py",
        "lambda: tf.reverse(pixels, [0, 1]),",
        "lambda: tf.reverse(pixels, [1, 1][:1]),",
        PICTURES,
        "turned_upright",
    ),
    Fault(
        "transparent pixels of a GIF keep the color below",
        "pipelines/in_graph/gif.py",
        "return tf.where(transparent, white, single)",
        "return single",
        PICTURES,
        "every_kind",
    ),
    Fault(
        "pairs of bytes that overlap are merged twice",
        "pipelines/in_graph/byte_pairs.py",
        "first = _every_other(best)",
        "first = best",
        ("tests/pipelines/in_graph/test_tokenizing.py",),
        "test_ids",
    ),
    Fault(
        "a version that exists is replaced",
        "mmssl/deploy/versions.py",
        "    if version.exists():",
        "    if version.is_file():",
        ("tests/deploy/test_raw.py",),
        "replaced",
    ),
    Fault(
        "checksums leave out the weights",
        "mmssl/deploy/manifest.py",
        'folder.rglob("*")',
        'folder.glob("*")',
        ("tests/deploy/test_raw.py",),
        "manifest and texts",
    ),
    Fault(
        "an empty batch reaches the encoder",
        "mmssl/deploy/batches.py",
        "tf.maximum(0, 1 - tf.shape(value))",
        "tf.maximum(0, 0 - tf.shape(value))",
        ("tests/deploy/test_raw.py",),
        "none_at_all",
    ),
)
