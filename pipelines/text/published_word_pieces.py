"""BERT's vocabulary files: WordPieces, one a line."""

import tensorflow as tf
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from mmssl.pipelines.text.published import Published, starts

FILE = "vocab.txt"
# What BERT reads as a blank and RE2 can name; controls have no tokens, but part no words either.
_BLANKS = r"[ \t\n\r\p{Zs}]+"
LONGEST = 100  # characters of a word that is not [UNK] as a whole
_DEFAULTS = {"strip_accents": None, "tokenize_chinese_chars": True}


class PublishedWordPieces(Published):
    """BERT's WordPieces (Devlin et al. 2019), as the library `tokenizers` implements them.

    Text is split at whitespace, punctuation and Chinese characters, control characters are left
    out, and each word is split greedily into the longest tokens; a word of more than 100
    characters, or with a part that has no token, is [UNK].

    Args:
        raw: bytes of the file; the line number, counted from 0, is the id.
        settings: dict, the content of tokenizer_config.json: `do_lower_case`, `strip_accents` and
            `tokenize_chinese_chars` count, and the names of the special tokens. Where
            `do_lower_case` is not said, text is lowercased unless a token has a capital letter.
        needed: see `find_specials`.

    Raises:
        ValueError: it is not such a file.
    """

    def __init__(self, raw, settings, needed):
        tokens = _tokens(raw)
        unknown = settings.get("unk_token") or "[UNK]"
        if unknown not in tokens:
            raise ValueError(f"it has no {unknown}, the token of an unknown word")
        lowercase = settings.get("do_lower_case")
        if lowercase is None:
            lowercase = not any(_is_cased(token) for token in tokens)
        settings = {**_DEFAULTS, **settings, "do_lower_case": lowercase}
        super().__init__(tokens, {FILE: raw}, settings, needed)
        model = models.WordPiece(
            {token: i for i, token in enumerate(tokens)},
            unk_token=unknown,
            max_input_chars_per_word=LONGEST,
        )
        self._tokenizer = Tokenizer(model)
        self.normalizer = normalizers.BertNormalizer(
            lowercase=lowercase,
            strip_accents=settings["strip_accents"],
            handle_chinese_chars=settings["tokenize_chinese_chars"],
        )
        self._tokenizer.normalizer = self.normalizer
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._tokenizer.decoder = decoders.WordPiece(cleanup=False)

    def squeeze(self, texts):
        """Returns texts with one blank in place of whitespace."""
        return tf.strings.regex_replace(texts, _BLANKS, " ")

    def continues(self):
        """Returns bool array (V,): whether a token continues the word before it."""
        return starts(self.vocabulary, "##")

    def _encode(self, texts):
        return [found.ids for found in self._tokenizer.encode_batch_fast(texts)]

    def _text(self, ids):
        return self._tokenizer.decode(ids, skip_special_tokens=False)


def _tokens(raw):
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    # Not splitlines(): a token may contain a character that Unicode counts as a newline.
    tokens = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    lines = {}
    for number, token in enumerate(tokens, start=1):
        if not token or any(blank in token for blank in " \t"):
            raise ValueError(f"line {number} is not one token: {token[:40]!r}")
        if token in lines:
            raise ValueError(f"it has {token!r} twice, in lines {lines[token]} and {number}")
        lines[token] = number
    return tokens


def _is_cased(token):
    return token != token.lower() and not (token.startswith("[") and token.endswith("]"))
