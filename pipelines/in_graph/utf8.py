"""Texts as a pipeline decodes them, in TensorFlow alone; see `Documents.decode`."""

import tensorflow as tf

from mmssl.pipelines.sources.tables import NO_TEXT

_BLANK = r"[\s\p{Z}\p{Cc}\p{Cf}\p{M}]*"


def decode_text(raw):
    """Checks one text: UTF-8, not blank; a byte order mark is left out, NUL reads as a blank.

    Args:
        raw: string scalar.

    Returns:
        String scalar.
    """
    valid = tf.strings.unicode_transcode(raw, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(raw, r"^\x{FEFF}", "")
    nul = tf.strings.length(raw) - tf.strings.length(tf.strings.regex_replace(raw, "\\x00", ""))
    checks = [
        tf.Assert(valid == raw, ["it is not UTF-8 text"]),
        tf.Assert(nul * 10 <= tf.strings.length(raw), ["it is UTF-16, or no text: it has NUL"]),
        tf.Assert(~tf.strings.regex_full_match(text, _BLANK), [NO_TEXT]),
    ]
    with tf.control_dependencies(checks):
        return tf.strings.regex_replace(text, "\\x00", " ")
