"""GPT-2's vocabulary files: tokens with their ids, and merges."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from mmssl.pipelines.text.pieces import pieces
from mmssl.pipelines.text.published import Published, starts
from mmssl.reading import load_json

FILE, MERGES_FILE = "vocab.json", "merges.txt"
_DEFAULTS = {"add_prefix_space": False}
_BLANK, _NEWLINE = "\u0120", "\u010a"  # as which byte-level tokens write these bytes


class PublishedBytePairs(Published):
    """GPT-2's byte pairs (Radford et al. 2019), as the library `tokenizers` implements them.

    Args:
        raw: bytes of the JSON object from token to id.
        merges: bytes of the merges, a pair a line, after a line of `#version` if there is one.
        settings: dict, the content of tokenizer_config.json: `add_prefix_space` counts, and the
            names of the special tokens.
        needed: see `find_specials`.

    Raises:
        ValueError: these are not such files.
    """

    between = " "

    def __init__(self, raw, merges, settings, needed):
        ids = _ids(raw)
        settings = {**_DEFAULTS, **settings}
        super().__init__(list(ids), {MERGES_FILE: merges, FILE: raw}, settings, needed)
        self.merges = _pairs(merges)
        self._tokenizer = Tokenizer(_model(ids, self.merges))
        self._tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self._tokenizer.decoder = decoders.ByteLevel()
        self.prefix_blank = settings["add_prefix_space"]

    def continues(self):
        """Returns bool array (V,): whether a token continues the word before it."""
        return ~(starts(self.vocabulary, _BLANK) | starts(self.vocabulary, _NEWLINE))

    def _pieces(self, text):
        # The blank before a text, which the library would put before each of its pieces.
        begins = self.prefix_blank and text and not text.startswith(" ")
        return pieces(f" {text}" if begins else text)

    def _encode(self, texts):
        return [found.ids for found in self._tokenizer.encode_batch_fast(texts)]

    def _text(self, ids):
        return self._tokenizer.decode(ids, skip_special_tokens=False)


def _ids(raw):
    """Returns the tokens with their ids, ascending."""
    try:
        ids = load_json(raw.decode("utf-8-sig"))
    except ValueError:
        raise ValueError("it is not JSON") from None
    numbers = list(ids.values()) if isinstance(ids, dict) else []
    if not numbers or not all(type(number) is int for number in numbers):
        raise ValueError("it is not a JSON object from token to id")
    if sorted(numbers) != list(range(len(ids))):
        raise ValueError(f"the ids of its {len(ids)} tokens are not 0 to {len(ids) - 1}, each once")
    missing = set(pre_tokenizers.ByteLevel.alphabet()) - ids.keys()
    if missing:
        raise ValueError(
            f"it lacks {len(missing)} of the 256 bytes, so it is not a byte-level vocabulary"
        )
    if any(token.endswith("</w>") for token in ids):
        raise ValueError("its tokens end in </w>, which is CLIP's format and not GPT-2's")
    return dict(sorted(ids.items(), key=lambda pair: pair[1]))


def _pairs(raw):
    try:
        lines = raw.decode("utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise ValueError("the merges are not UTF-8 text") from None
    lines = [line.removesuffix("\r") for line in lines if not line.startswith("#version")]
    pairs = [tuple(line.split(" ")) for line in lines if line.strip()]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"merge {number} is not a pair of tokens: {' '.join(pair)[:40]!r}")
    if len(set(pairs)) < len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise ValueError(f"the merges have {' '.join(twice)!r} twice")
    return pairs


def _model(ids, pairs):
    try:
        return models.BPE(vocab=ids, merges=pairs)
    except Exception as error:  # a plain Exception when tokens and merges do not match
        raise ValueError(f"its merges do not match: {error}") from None
