"""A byte-level byte-pair vocabulary: learned from texts, kept in a folder, used both ways."""

import json
from collections.abc import Iterable
from pathlib import Path

import keras_hub
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mmssl.files import write_text

SPECIAL_TOKENS = ("<|padding|>", "<|endoftext|>")
PAD, END = range(len(SPECIAL_TOKENS))
VOCABULARY_FILE, MERGES_FILE = "vocabulary.json", "merges.txt"

_SMALLEST = len(SPECIAL_TOKENS) + 256  # a piece for every byte, so that no character is unknown


class BytePairs:
    """Byte-level byte-pair encoding (Sennrich et al. 2016, 1508.07909; Radford et al. 2019).

    Text is split into words, blanks going with the word behind them, and a word's UTF-8 bytes are
    joined pair by pair in the order in which the pairs were learned. Any text becomes ids and comes
    back as it was. Files and pieces are written as GPT-2's are, so other tools read them.

    Args:
        vocabulary: dict from piece to id, `SPECIAL_TOKENS` first, so that padding is id 0 and the end of
            a text id 1, and with a piece for every byte.
        merges: list of pairs of pieces, "a b", in the order learned.

    Raises:
        ValueError: when the vocabulary is not of that kind.
    """

    def __init__(self, vocabulary: dict[str, int], merges: list[str]):
        pieces = sorted(vocabulary, key=vocabulary.get)
        if tuple(pieces[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise ValueError(
                f"the vocabulary begins with {pieces[: len(SPECIAL_TOKENS)]}: it must begin with "
                f"{list(SPECIAL_TOKENS)}"
            )
        missing = set(pre_tokenizers.ByteLevel.alphabet()) - vocabulary.keys()
        if missing or [vocabulary[piece] for piece in pieces] != list(range(len(pieces))):
            raise ValueError(
                f"the vocabulary has {len(pieces)} pieces, without {len(missing)} of the 256 bytes "
                "or without some ids: it must have them all"
            )
        self.vocabulary = dict(vocabulary)
        self.merges = list(merges)
        pairs = [tuple(merge.split(" ")) for merge in self.merges]
        self._tokenizer = _byte_level(models.BPE(vocab=self.vocabulary, merges=pairs))

    def __len__(self):
        return len(self.vocabulary)

    def __call__(self, texts):
        """Turns texts into ids; "<|endoftext|>" and the like are ordinary characters.

        Args:
            texts: list of str.

        Returns:
            List of int32 arrays, one a text.
        """
        return [np.array(found.ids, np.int32) for found in self._tokenizer.encode_batch(texts)]

    def decode(self, ids):
        """Returns ids (L,) as text, without special ones; bytes that are no UTF-8 as U+FFFD."""
        return self._tokenizer.decode(
            [i for i in np.asarray(ids).tolist() if i >= len(SPECIAL_TOKENS)]
        )

    def layer(self):
        """Makes the same tokenizer as a layer of KerasHub, to be exported in a graph of TensorFlow.

        It gives the ids that a call gives for all text but U+096C, the Devanagari digit six, which
        KerasHub uses as a mark of its own and drops.

        Returns:
            keras_hub.tokenizers.BytePairTokenizer, from a string tensor (B,) to a RaggedTensor
            int32 (B, None).
        """
        return keras_hub.tokenizers.BytePairTokenizer(self.vocabulary, self.merges)

    def write(self, folder):
        """Writes `merges.txt` and then `vocabulary.json`, each moved into place when complete."""
        folder = Path(folder)
        write_text(folder / MERGES_FILE, "".join(f"{merge}\n" for merge in self.merges))
        pieces = json.dumps(self.vocabulary, ensure_ascii=False, indent=0)
        write_text(folder / VOCABULARY_FILE, pieces)

    @classmethod
    def read(cls, folder):
        """Reads both files back.

        Raises:
            ValueError: when they are missing, or are no vocabulary.
        """
        vocabulary, merges = Path(folder) / VOCABULARY_FILE, Path(folder) / MERGES_FILE
        for path in (vocabulary, merges):
            if not path.is_file():
                raise ValueError(f"{path} does not exist: name the folder of a run with byte pairs")
        try:
            lines = merges.read_text(encoding="utf-8").split("\n")
            return cls(json.loads(vocabulary.read_text(encoding="utf-8")), lines[:-1])
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{vocabulary} is not a vocabulary: {error}") from error
        # What `tokenizers` raises where pieces and pairs do not fit together has no class.
        except Exception as error:
            raise ValueError(f"{merges} does not fit {vocabulary.name}: {error}") from error


def learn_byte_pairs(texts: Iterable[str], size: int) -> BytePairs:
    """Learns the byte pairs of a corpus with the library `tokenizers`.

    Args:
        texts: the corpus, a document each.
        size: the most pieces, special ones and single bytes among them; a small corpus has fewer.

    Returns:
        BytePairs, the same for the same corpus.

    Raises:
        ValueError: when `size` has no room for the bytes.
    """
    if size < _SMALLEST:
        raise ValueError(
            f"vocabulary_size={size} has no room for the special pieces and the bytes: give "
            f"{_SMALLEST} or more"
        )
    learner = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())["model"]
    return BytePairs(learned["vocab"], [" ".join(pair) for pair in learned["merges"]])


def _byte_level(model):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
