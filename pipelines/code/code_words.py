"""Functions, or what is written about them, as the words of their identifiers."""

from typing import Any

from mmssl.pipelines.code.functions import holds_files, open_functions
from mmssl.pipelines.code.identifier_words import IdentifierWords, rare_words
from mmssl.pipelines.text.whole_texts import WholeTexts
from mmssl.pipelines.text.word_documents import WordDocuments
from mmssl.pipelines.text.words import learn_words


class CodeWords(WholeTexts, WordDocuments):
    """Texts about code as words, into which identifiers are split.

    A batch holds token_ids and padding_mask int32 (B, L), the first L words of a text. See
    `IdentifierWords` for what a word is: there are no signs.

    Args:
        source: see `Documents`.
        length: L, words per example, 8 or more.
        vocabulary_size: maximum number of ids, the padding included.
        min_count: how often a word of the vocabulary occurs at least.
        rare: ids among these that all other words share by their hash; 0 leaves these words out.
        batch_size: see `Pipeline`.
        vocabulary: see `Documents`.
        **kwargs: see `Documents`.

    Raises:
        ValueError: when an argument is out of range.
    """

    words = IdentifierWords
    stored_as = ""

    def __init__(
        self,
        source: Any = "builtin:docs",
        length: int = 30,
        vocabulary_size: int = 10000,
        min_count: int = 2,
        rare: int = 0,
        batch_size: int = 64,
        vocabulary: str | None = None,
        **kwargs,
    ):
        if not 0 <= rare <= vocabulary_size - 3:
            raise ValueError(f"rare={rare} must leave ids to words: 0 to {vocabulary_size - 3}")
        super().__init__(
            source, length, vocabulary_size, min_count, batch_size, vocabulary, **kwargs
        )
        self.rare = rare

    def learn_tokenizer(self, texts):
        """Lists the words of an iterable of str, and adds the ids of rare ones."""
        words = learn_words(
            texts, self.vocabulary_size - self.rare, self.min_count, self.words.spaced
        )
        return self.words([*words, *rare_words(self.rare)])


class FunctionWords(CodeWords):
    """The functions of source files as words, see `CodeWords` and `open_functions`.

    Args:
        source: folder, glob or file of code, "builtin:code", a Source of functions, or a list or a
            table of their code.
        **kwargs: see `CodeWords`.
    """

    def __init__(self, source: Any = "builtin:code", length: int = 200, **kwargs):
        super().__init__(source, length, **kwargs)

    def open_all(self, spec, labels=None, label_column=None, split_column=None):
        """Opens functions, those of files by `open_functions`; see `Reader.open_all`."""
        spec = open_functions(spec) if holds_files(spec) else spec
        return super().open_all(spec, labels, label_column, split_column)
