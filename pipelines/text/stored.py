"""What prepared shards hold of a text: the text as it is, or its tokens."""

from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.reading import whole
from mmssl.pipelines.text.stored_tokens import tokenizer_hash
from mmssl.pipelines.text.token_blocks import TokenBlocks

_PIPELINES = {"tokens": TokenBlocks, "sentences": Passages}


def as_it_is(raw):
    """Returns a text unchanged, once it has been checked; see `Documents.decode`.

    Args:
        raw: bytes.

    Raises:
        ValueError: it is no text; the message is the reason.
    """
    whole(raw)
    return raw


def as_tokens(name, vocabulary):
    """Returns a function from a text, bytes, to its tokens; see `stored_tokens.packed`.

    Args:
        name: tokens, as `TokenBlocks` takes them, or sentences, as `Passages` does.
        vocabulary: see `Documents`.
    """
    data = _pipeline(name, vocabulary)
    return lambda raw: data.stored(whole(raw).decode())


def about_tokens(name, vocabulary):
    """Returns what the index of shards says of their tokens, a dict of JSON values."""
    tokenizer = _pipeline(name, vocabulary).tokenizer
    return {"as": name, "tokenizer": tokenizer_hash(tokenizer), "vocabulary": str(vocabulary)}


def _pipeline(name, vocabulary):
    data = _PIPELINES[name]([""], vocabulary=vocabulary, vocabulary_size=2**31 - 1)
    data.open_vocabulary()
    return data
