"""Blocks of running text for pretraining a language model, and inputs for a trained one."""

import numpy as np
import tensorflow as tf

from mmssl.pipelines.sources.arrays import held, taken, viewed
from mmssl.pipelines.sources.grown import Grown
from mmssl.pipelines.text.blocks import together
from mmssl.pipelines.text.byte_pairs import VOCABULARY_FILE, BytePairs, learn_byte_pairs
from mmssl.pipelines.text.documents import Documents
from mmssl.pipelines.text.specials import padding
from mmssl.pipelines.text.stored_tokens import about_tokens, packed

_CHUNK = 256  # documents that are tokenized together


class TokenBlocks(Documents):
    """Blocks of L + 1 tokens from concatenated documents, for next-token prediction.

    A batch holds token_ids and padding_mask int32 (B, L + 1): the inputs of a method are the first
    L tokens and its targets the last L, so only the method shifts them. There is `<|endoftext|>`
    before, between and after the documents; it is predicted like any token, and the first token
    of a document is predicted from it. Only a source shorter than a block gives padding.

    An epoch has (number of tokens - 1) // L blocks, or a batch if that is more. They lie end to end
    from a random position on, drawn again in each epoch, and go on at the beginning of the text
    when they reach its end: an epoch shows every token once, up to L - 1 that are left over.

    Args:
        source: see `Documents`.
        length: L, context length of the model, 2 or more.
        vocabulary_size: maximum number of tokens of the byte-pair vocabulary, see `Documents`; 258
            or more.
        vocabulary: see `Documents`; a published one without a token for the padding is padded with
            the one for the end of a text, which the padding mask hides.
        cross_documents: let a token attend to the documents before its own. False makes the
            encoder mask them (its argument `separator`); blocks stay packed, without padding.
        batch_size: see `Documents`.
        **kwargs: see `Documents`.

    Attributes:
        characters: number of characters in the documents; None before `prepare`.

    Raises:
        ValueError: when an argument is out of range.
    """

    vocabulary_file = VOCABULARY_FILE
    stored_as = "tokens"
    roles = ("end",)

    def __init__(
        self,
        source="builtin:docs",
        length=256,
        vocabulary_size=8000,
        cross_documents=True,
        batch_size=16,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(source, length, vocabulary_size, batch_size, vocabulary, **kwargs)
        if length < 2:
            raise ValueError(f"length={length} must be 2 or more")
        self.cross_documents = cross_documents
        self.characters = None

    def index(self, folder=None):
        """Learns the vocabulary, or reads the one in `folder`, and tokenizes the source."""
        self._prepare_tokenizer(folder)
        found = self._between_runs("blocks", self.tokenizer.fingerprint(), self._lay_out)
        self._tokens, self._ends = held(found["tokens"]), found["ends"]
        self._ring = len(found["tokens"]) - 1  # the text begins and ends with END
        self.characters = int(found["characters"])
        # A source of less than a batch repeats its few blocks.
        self.count = max(self.batch_size, self._ring // self.length)

    def example(self, index, key):
        """Makes one training element, see the class."""
        begin = 0
        if self._ring > self.length:
            first = tf.cast(self._epoch_draw(key) * self._ring, tf.int64)
            begin = first + index * self.length
        places = begin + tf.range(min(self._ring, self.length) + 1, dtype=tf.int64)
        block = taken(self._tokens, places % self._ring)
        missing = [[0, self.length + 1 - tf.size(block)]]
        return {
            "token_ids": tf.pad(block, missing, constant_values=self._pad),
            "padding_mask": tf.pad(tf.ones_like(block), missing),
        }

    def framed(self, ids, length):
        """See `Documents.framed`; there are no special tokens before or after the text."""
        ids = ids[:, :length]
        return {
            "token_ids": ids.to_tensor(self._pad),
            "padding_mask": tf.ones_like(ids).to_tensor(0),
        }

    def stored(self, text):
        """Returns the tokens of a text."""
        [ids] = self.tokenizer.ids([text])
        return packed(ids, None, len(text))

    def windows(self, stride=None, batch_size=None, most=None):
        """Yields sliding windows in which every token of every document counts once, with context.

        The first window of a document starts at the `<|endoftext|>` before it, each further one
        `stride` tokens later. Only the last `stride` tokens of these count, so each has L - stride
        or more tokens of context, or all that there are.

        Args:
            stride: tokens, 1 to L; None for half of L.
            batch_size: windows per batch; the last batch may be smaller; None for about 4,096
                tokens.
            most: windows; of more, so many are spread evenly. None for all.

        Yields:
            Dict of token_ids and padding_mask int32 (B, L + 1), as in a training batch, and
            weights float32 (B, L), 1 for targets that count.
        """
        self.prepare()
        batch_size = batch_size or max(1, 4096 // self.length)
        tokens, offsets = viewed(self._tokens), np.arange(self.length + 1)
        laid = _Windows(self._ends, self.length, stride or self.length // 2)
        shown = len(laid) if most is None else min(most, len(laid))
        for first in range(0, shown, batch_size):
            numbers = np.arange(first, min(first + batch_size, shown)) * len(laid) // shown
            starts, counted, ends = laid.at(numbers)
            positions = starts[:, None] + offsets
            inside = positions < ends[:, None]
            token_ids = np.where(inside, tokens[np.minimum(positions, len(tokens) - 1)], self._pad)
            yield {
                "token_ids": token_ids.astype(np.int32),
                "padding_mask": inside.astype(np.int32),
                "weights": (inside & (positions >= counted[:, None]))[:, 1:].astype(np.float32),
            }

    def targets(self):
        """Returns the number of tokens of all documents, which count in all windows together."""
        return self._ring - (len(self._ends) - 1)

    def learn_tokenizer(self, texts):
        """Learns byte pairs from an iterable of str."""
        size = self.vocabulary_size
        learned = self._between_runs("byte pairs", size, lambda: _learned(texts, size))
        tokens, merges = (learned[name].tolist() for name in ("tokens", "merges"))
        return BytePairs({token: i for i, token in enumerate(tokens)}, merges)

    def read_tokenizer(self, folder):
        """Reads the byte pairs from a folder."""
        return BytePairs.read(folder)

    def encoder_arguments(self):
        """Returns the sizes of the encoder's embeddings, and the separator of documents, if any."""
        sizes = super().encoder_arguments()
        specials = BytePairs.specials if self.tokenizer is None else self.tokenizer.specials
        return {**sizes, "separator": None if self.cross_documents else specials.end}

    @property
    def _pad(self):
        return padding(self.tokenizer.specials)

    def _lay_out(self):
        """Returns a dict: tokens int32 (T,), ends, the positions of END, and characters."""
        end, tokens, ends = [self.tokenizer.specials.end], Grown(np.int32), Grown(np.int64)
        last, count, characters = None, 0, 0
        for number, ids, size in self._tokenized():
            if number != last:
                tokens.append(end)
                ends.append([count])
                count, last = count + 1, number
            tokens.append(ids)
            count, characters = count + len(ids), characters + size
        tokens.append(end)
        ends.append([count])
        return {
            "tokens": tokens.array(),
            "ends": ends.array(),
            "characters": np.array(characters),
        }

    def _tokenized(self):
        """Yields (number of a document, ids, characters), of long ones one part after the other."""
        if about_tokens(self.items) is None:
            for numbers, texts in together(self._blocks(), _CHUNK):
                yield from zip(numbers, self.tokenizer.ids(texts), map(len, texts), strict=True)
        else:
            for number, ids, _, characters in self._reader(self.items).documents():
                yield number, ids, characters


def _learned(texts, size):
    pairs = learn_byte_pairs(texts, size)
    tokens = sorted(pairs.vocabulary, key=pairs.vocabulary.get)
    return {"tokens": np.array(tokens), "merges": np.array(pairs.merges, str)}


class _Windows:
    """Windows over documents, of which none is laid before it is asked for.

    Args:
        ends: int64 array (D + 1,), the positions of END before, between and after the documents.
        length: tokens of a window, without its last target.
        stride: tokens from one to the next.
    """

    def __init__(self, ends, length, stride):
        self._begins, self._ends = ends[:-1], ends[1:]
        self._length, self._stride = length, stride
        sizes = self._ends - self._begins
        self._after = np.cumsum(1 + np.maximum(0, -(-(sizes - 1 - length) // stride)))

    def __len__(self):
        return int(self._after[-1])

    def at(self, numbers):
        """Returns the start of windows, their first token that counts, and their document's end."""
        document = np.searchsorted(self._after, numbers, side="right")
        number = numbers - np.where(document > 0, self._after[document - 1], 0)
        starts = self._begins[document] + number * self._stride
        counted = starts + 1 + np.where(number > 0, self._length - self._stride, 0)
        return starts, counted, self._ends[document]
