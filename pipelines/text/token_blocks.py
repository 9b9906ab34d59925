"""Blocks of running text for pretraining a language model, and token ids for a trained one."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import host
from mmssl.pipelines.text.byte_pairs import END, PAD, VOCABULARY_FILE, BytePairs, learn_byte_pairs
from mmssl.pipelines.text.documents import Documents

_AT_ONCE = 256  # documents tokenized together


class TokenBlocks(Documents):
    """Blocks of L + 1 tokens out of documents laid end to end, for predicting each next token.

    A batch holds token_ids and padding_mask int32 (B, L + 1): a method's inputs are the first L
    tokens and its targets the last L, so the one shift is the method's. `<|endoftext|>` stands
    before, between and after the documents; it is predicted like any token, and the first token
    of a document is predicted from it. Only a source shorter than a block leaves padding.

    An epoch has as many blocks as L goes into the tokens. Block i begins at a random place of the
    i-th of as many equal stretches, drawn anew each epoch: every place is as likely as any other,
    and an epoch reads the text about evenly.

    Args:
        source: see `Documents`.
        length: L, the tokens that a model sees at once, 2 or more.
        vocabulary_size: most pieces of the byte-pair vocabulary, see `Documents`; 258 or more.
        cross_documents: whether a token may see the documents before its own. False has the
            encoder hide them (its argument `separator`); blocks stay packed, without padding.
        batch_size: see `Documents`, like what `kwargs` holds.

    Attributes:
        characters: number of characters in the documents; None before `prepare`.

    Raises:
        ValueError: naming the argument that is out of range.
    """

    vocabulary_file = VOCABULARY_FILE

    def __init__(
        self,
        source="builtin:docs",
        length=256,
        vocabulary_size=8000,
        cross_documents=True,
        batch_size=16,
        **kwargs,
    ):
        super().__init__(source, length, vocabulary_size, batch_size, **kwargs)
        if length < 2:
            raise ValueError(f"length={length} must be 2 or more")
        self.cross_documents = cross_documents
        self.characters = None

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the source."""
        self._keep_vocabulary(folder)
        tokens, self._ends, self.characters = self._lay_out()
        self._tokens = host(tokens)
        # A source of less than a batch gives its only blocks several times.
        self.count = max(self.batch_size, (len(tokens) - 1) // self.length)

    def example(self, index, key):
        """Makes one training element, see the class."""
        draw = tf.random.stateless_uniform([], key, dtype=tf.float64)
        places = max(1, len(self._tokens) - self.length)
        place = (tf.cast(index, tf.float64) + draw) / self.count * places
        start = tf.minimum(tf.cast(place, tf.int64), places - 1)
        block = self._tokens[start : start + self.length + 1]
        missing = self.length + 1 - tf.size(block)
        padded = {"token_ids": tf.pad(block, [[0, missing]], constant_values=PAD)}
        padded["padding_mask"] = tf.pad(tf.ones_like(block), [[0, missing]])
        return {name: tf.ensure_shape(ids, [self.length + 1]) for name, ids in padded.items()}

    def encode(self, texts, length=None):
        """Turns texts into the encoder's inputs; what is too long is cut at the end.

        Args:
            texts: string tensor (B,) of UTF-8.
            length: most tokens, 2 to L; None for L.

        Returns:
            Dict of token_ids and padding_mask int32 (B, longest of the batch), nothing added
            before or behind the text.
        """
        self._need_tokenizer()
        length = self._checked_length(length)
        ids, sizes = tf.numpy_function(self._flat, [texts], [tf.int32, tf.int64])
        sizes = tf.ensure_shape(sizes, [None])
        ids = tf.RaggedTensor.from_row_lengths(tf.ensure_shape(ids, [None]), sizes)[:, :length]
        return {
            "token_ids": ids.to_tensor(PAD),
            "padding_mask": tf.ones_like(ids).to_tensor(0),
        }

    def windows(self, stride=None, batch_size=None):
        """Returns windows in which every token of every document counts once, with its context.

        A document's first window begins at the `<|endoftext|>` before it, each further one `stride`
        tokens later. In these the last `stride` tokens count, so each has L - stride tokens of
        context or more, or all that there are.

        Args:
            stride: tokens, 1 to L; None for half of L.
            batch_size: windows a batch, of which the last may be smaller; None for about 4,096
                tokens.

        Yields:
            Dict of token_ids and padding_mask int32 (B, L + 1), as in a training batch, and
            weights float32 (B, L), 1 for targets that count.
        """
        self.prepare()
        batch_size = batch_size or max(1, 4096 // self.length)
        tokens, reach = self._tokens.numpy(), np.arange(self.length + 1)
        starts, counted, ends = _windows(self._ends, self.length, stride or self.length // 2)
        for first in range(0, len(starts), batch_size):
            rows = slice(first, first + batch_size)
            places = starts[rows, None] + reach
            inside = places < ends[rows, None]
            token_ids = np.where(inside, tokens[np.minimum(places, len(tokens) - 1)], PAD)
            yield {
                "token_ids": token_ids.astype(np.int32),
                "padding_mask": inside.astype(np.int32),
                "weights": (inside & (places >= counted[rows, None]))[:, 1:].astype(np.float32),
            }

    def learn_tokenizer(self, texts):
        """Learns byte pairs from an iterable of str."""
        return learn_byte_pairs(texts, self.vocabulary_size)

    def read_tokenizer(self, folder):
        """Reads the byte pairs that lie in a folder."""
        return BytePairs.read(folder)

    def encoder_arguments(self):
        """Returns the sizes of the encoder's tables, and whether it parts documents."""
        separator = None if self.cross_documents else END
        return {**super().encoder_arguments(), "separator": separator}

    def _flat(self, texts):
        found = self.tokenizer([text.decode() for text in texts])
        sizes = np.array([len(ids) for ids in found], np.int64)
        return np.concatenate([np.zeros(0, np.int32), *found]), sizes

    def _lay_out(self):
        """Returns tokens int32 (T,), where END stands among them, and the number of characters."""
        end, characters, waiting = np.array([END], np.int32), 0, []
        parts, sizes = [end], []

        def lay_down():
            for ids in self.tokenizer(waiting):
                parts.extend((ids, end))
                sizes.append(len(ids) + 1)
            waiting.clear()

        for text in self._texts():
            characters += len(text)
            waiting.append(text)
            if len(waiting) == _AT_ONCE:
                lay_down()
        lay_down()
        return np.concatenate(parts), np.cumsum([0, *sizes]), characters


def _windows(ends, length, stride):
    """Returns where each window starts, from where on it counts, and where its document ends."""
    begins, ends = ends[:-1], ends[1:]
    more = np.maximum(0, -(-(ends - begins - 1 - length) // stride))
    document = np.repeat(np.arange(len(begins)), more + 1)
    number = np.arange(len(document)) - np.repeat(np.cumsum(more + 1) - more - 1, more + 1)
    starts = begins[document] + number * stride
    counted = starts + 1 + np.where(number > 0, length - stride, 0)
    return starts, counted, ends[document]
