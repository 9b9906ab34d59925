"""A byte-level byte-pair tokenizer: learned from texts, stored in a folder."""

import json
from collections.abc import Iterable
from pathlib import Path

import keras_hub
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mmssl.files import write_text
from mmssl.pipelines.text.pieces import pieces
from mmssl.pipelines.text.ragged import piecewise, ragged_ids
from mmssl.pipelines.text.specials import Specials
from mmssl.reading import load_json

SPECIAL_TOKENS = ("<|padding|>", "<|endoftext|>")
PAD, END = range(len(SPECIAL_TOKENS))
VOCABULARY_FILE, MERGES_FILE = "vocabulary.json", "merges.txt"

LONGEST = 256  # bytes of a word; the time to learn grows with the square
_MIN_SIZE = len(SPECIAL_TOKENS) + 256  # a token for every byte, so that no character is unknown


class BytePairs:
    """Byte-level byte-pair encoding (Sennrich et al. 2016, 1508.07909; Radford et al. 2019).

    Text is split into words, each with the space before it, and the UTF-8 bytes of a word are
    merged pair by pair in the order in which the pairs were learned. A word of more than 256 bytes
    is cut after as many. The encoding of any text is lossless. Files and tokens are written as
    GPT-2's are, so other tools can read them.

    Args:
        vocabulary: dict from token to id, `SPECIAL_TOKENS` first, so that padding is id 0 and the
            end of a text id 1, and with a token for every byte.
        merges: list of pairs of tokens, "a b", in the order learned.

    Attributes:
        specials: Specials.

    Raises:
        ValueError: when the vocabulary does not begin with the special tokens, or lacks bytes or
            ids.
    """

    specials = Specials(pad=PAD, end=END)

    def __init__(self, vocabulary: dict[str, int], merges: list[str]):
        tokens = sorted(vocabulary, key=vocabulary.get)
        if tuple(tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise ValueError(
                f"the vocabulary begins with {tokens[: len(SPECIAL_TOKENS)]}: it must begin with "
                f"{list(SPECIAL_TOKENS)}"
            )
        missing = set(pre_tokenizers.ByteLevel.alphabet()) - vocabulary.keys()
        if missing or [vocabulary[token] for token in tokens] != list(range(len(tokens))):
            raise ValueError(
                f"the vocabulary of {len(tokens)} tokens lacks {len(missing)} of the 256 bytes, or "
                f"its ids are not 0 to {len(tokens) - 1}: it must have them all"
            )
        self.vocabulary = dict(vocabulary)
        self.merges = list(merges)
        pairs = [tuple(merge.split(" ")) for merge in self.merges]
        wrong = [merge for merge, pair in zip(self.merges, pairs, strict=True) if len(pair) != 2]
        if wrong:
            raise ValueError(f"{wrong[0][:40]!r} among the merges is not a pair of tokens")
        self._tokenizer = _byte_level(models.BPE(vocab=self.vocabulary, merges=pairs))

    def __len__(self):
        return len(self.vocabulary)

    def __call__(self, texts):
        """Tokenizes texts as `ids` does, from a string tensor (B,) to a RaggedTensor int32."""
        return ragged_ids(texts, self.ids)

    def ids(self, texts):
        """Tokenizes texts; "<|endoftext|>" and the like are treated as ordinary characters.

        Args:
            texts: list of str.

        Returns:
            List of int32 arrays of token ids, one per text.
        """
        return piecewise(texts, pieces, self._encode)

    def fingerprint(self):
        """Returns JSON values that tell tokenizers apart that give different ids."""
        return [type(self).__qualname__, self.vocabulary, self.merges]

    def decode(self, ids):
        """Returns ids (L,) as text without special tokens; invalid UTF-8 becomes U+FFFD."""
        return self._tokenizer.decode(
            [i for i in np.asarray(ids).tolist() if i >= len(SPECIAL_TOKENS)]
        )

    def layer(self):
        """Returns the same tokenizer as a KerasHub layer, for export in a TensorFlow graph.

        It gives the same ids as a call for all text except NUL, behind which it drops everything,
        U+096C, the Devanagari digit six, which KerasHub uses as an internal marker and drops, and
        words of more than 256 bytes, which it does not cut.

        Returns:
            keras_hub.tokenizers.BytePairTokenizer, from a string tensor (B,) to a RaggedTensor
            int32 (B, None).
        """
        return keras_hub.tokenizers.BytePairTokenizer(self.vocabulary, self.merges)

    def write(self, folder):
        """Writes `merges.txt` and then `vocabulary.json`, each atomically."""
        folder = Path(folder)
        write_text(folder / MERGES_FILE, "".join(f"{merge}\n" for merge in self.merges))
        vocabulary = json.dumps(self.vocabulary, ensure_ascii=False, indent=0)
        write_text(folder / VOCABULARY_FILE, vocabulary)

    @classmethod
    def read(cls, folder):
        """Reads both files back.

        Raises:
            ValueError: when they are missing, or are not a vocabulary and its merges.
        """
        vocabulary, merges = Path(folder) / VOCABULARY_FILE, Path(folder) / MERGES_FILE
        for path in (vocabulary, merges):
            if not path.is_file():
                raise ValueError(f"{path} does not exist: give the folder of a run with byte pairs")
        try:
            lines = merges.read_text(encoding="utf-8").split("\n")
            return cls(load_json(vocabulary.read_text(encoding="utf-8")), lines[:-1])
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{vocabulary} is not a vocabulary: {error}") from error
        # `tokenizers` raises a plain Exception when tokens and merges do not match.
        except Exception as error:
            raise ValueError(f"{merges} does not match {vocabulary.name}: {error}") from error

    def _encode(self, texts):
        return [found.ids for found in self._tokenizer.encode_batch(texts)]


def learn_byte_pairs(texts: Iterable[str], size: int) -> BytePairs:
    """Learns the byte pairs of a corpus with the `tokenizers` library.

    Args:
        texts: the documents of the corpus.
        size: maximum number of tokens, including special tokens and single bytes; a small corpus
            yields fewer.

    Returns:
        BytePairs, deterministic for a given corpus.

    Raises:
        ValueError: when `size` is too small for the special tokens and the bytes.
    """
    if size < _MIN_SIZE:
        raise ValueError(
            f"vocabulary_size={size} is too small for the special tokens and the bytes: it must be "
            f"{_MIN_SIZE} or more"
        )
    learner = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learner.train_from_iterator((piece for text in texts for piece in pieces(text)), trainer)
    learned = json.loads(learner.to_str())["model"]
    return BytePairs(learned["vocab"], [" ".join(pair) for pair in learned["merges"]])


def _byte_level(model):
    tokenizer = Tokenizer(model)
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    cut = pre_tokenizers.FixedLength(LONGEST)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, cut])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
