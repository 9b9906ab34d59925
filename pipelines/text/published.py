"""Tokenizers of published vocabularies: what those of all formats have in common."""

import hashlib
import json
from pathlib import Path

import numpy as np

from mmssl.files import atomic_write
from mmssl.pipelines.text.pieces import pieces
from mmssl.pipelines.text.ragged import piecewise, ragged_ids
from mmssl.pipelines.text.specials import find_specials

SETTINGS_FILE = "tokenizer_config.json"
MASK = "[MASK]"  # the mask in a prompt, whatever the vocabulary calls it


class Published:
    """A published vocabulary, tokenized by the library that its format comes from.

    A subclass defines `_encode` (list of str -> list of lists of ids) and `_text` (list of ids of
    the published tokens -> str).

    Args:
        tokens: list of str, the published token of each id.
        files: dict of name -> bytes, the published files, as a run keeps them; the one that says
            which format it is comes last.
        settings: dict, what of tokenizer_config.json bears on the ids.
        needed: see `find_specials`.

    Attributes:
        vocabulary: list of str, the token of each id, those that were added at the end.
        added: list of str, the special tokens that the vocabulary lacked.
        specials: Specials.
        between: str that stands between two sentences of running text, where that changes ids.
    """

    between = ""

    def __init__(self, tokens, files, settings, needed):
        self.specials, self.added = find_specials(tokens, settings, needed)
        self.vocabulary = [*tokens, *self.added]
        self._files = files
        self._settings = settings

    def __len__(self):
        return len(self.vocabulary)

    def __call__(self, texts):
        """Tokenizes texts; "[MASK]" and the like are treated as ordinary characters.

        Args:
            texts: string tensor (B,) of UTF-8.

        Returns:
            RaggedTensor int32 (B, None), without special tokens before or after the text.
        """
        return ragged_ids(texts, self.ids)

    def ids(self, texts):
        """Tokenizes texts as a call does.

        Args:
            texts: list of str.

        Returns:
            List of int32 arrays of token ids, one per text.
        """
        return piecewise(texts, self._pieces, self._encode)

    def prompt(self, texts):
        """Tokenizes texts as a call does, except that "[MASK]" becomes the mask's id."""
        return ragged_ids(texts, lambda rows: [self._prompt(row) for row in rows])

    def fingerprint(self):
        """Returns JSON values that tell tokenizers apart that give different ids."""
        hashes = {name: hashlib.sha256(raw).hexdigest() for name, raw in self._files.items()}
        return [type(self).__qualname__, hashes, self._settings, self.added]

    def squeeze(self, texts):
        """Returns texts without runs of blanks, where these have no tokens."""
        return texts

    def decode(self, ids):
        """Returns ids (L,) as text, without special tokens."""
        special = set(self.specials.ids()) - {self.specials.unknown}
        return self._text([i for i in np.asarray(ids).tolist() if i not in special])

    def write(self, folder):
        """Writes tokenizer_config.json and the published files, each atomically."""
        settings = json.dumps(self._settings, ensure_ascii=False, indent=1).encode()
        for name, content in {SETTINGS_FILE: settings, **self._files}.items():
            with atomic_write(Path(folder) / name) as beside:
                beside.write_bytes(content)

    def _pieces(self, text):
        return pieces(text)

    def _prompt(self, text):
        # A mask takes the place of a word and of the blank before it, as RoBERTa's does.
        *before, last = text.split(MASK)
        texts = [*(part.rstrip(" ") for part in before), last]
        first, *others = self.ids(texts)
        masked = [np.concatenate([[self.specials.mask], ids]) for ids in others]
        return np.concatenate([first, *masked]).astype(np.int32)


def starts(tokens, mark):
    """Returns bool array (V,): whether a token starts with a mark."""
    return np.array([token.startswith(mark) for token in tokens])
