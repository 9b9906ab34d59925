"""What prepared shards hold of a text: the text as it is."""

from mmssl.pipelines.text.reading import whole


def as_it_is(raw):
    """Returns a text unchanged, once it has been checked; see `Documents.decode`.

    Args:
        raw: bytes.

    Raises:
        ValueError: it is no text; the message is the reason.
    """
    whole(raw)
    return raw
